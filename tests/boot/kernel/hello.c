// A program that the kernel has never seen: what init is given, and how it ends.
#include <stdio.h>

int main(int argc, char** argv) {
  for (int i = 0; i < argc; ++i) printf("argument %d: [%s]\n", i, argv[i]);
  return 42;
}
