#include <stdio.h>

namespace {
struct Greeter {
  const char* name;
  void Greet() const { printf("hello %s\n", name); }
};
}  // namespace

int main() {
  Greeter{"C++ without its library"}.Greet();
  return 0;
}
