#include <stdio.h>
#include <math.h>

int main(int argc, char** argv) {
  printf("hello %s %.3f\n", argc > 1 ? argv[1] : "musl", sqrt(argc + 1.0));
  return 0;
}
