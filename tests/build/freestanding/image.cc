// The least that links as a freestanding image: an entry, the guard of the stack protector, the functions the compiler calls.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace esc {
int Use(std::span<const int> numbers, std::string_view text);
}

extern "C" {

uintptr_t __stack_chk_guard = 0x595e9fbd94fda766;
[[noreturn]] void __stack_chk_fail() { __builtin_trap(); }

size_t strlen(const char* text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  return length;
}

void* memchr(const void* from, int byte, size_t size) {
  auto* bytes = static_cast<const unsigned char*>(from);
  for (size_t i = 0; i < size; i++) {
    if (bytes[i] == byte) return const_cast<unsigned char*>(bytes + i);
  }
  return nullptr;
}

void* memcpy(void* to, const void* from, size_t size) {
  auto* out = static_cast<volatile unsigned char*>(to);
  auto* in = static_cast<const unsigned char*>(from);
  for (size_t i = 0; i < size; i++) out[i] = in[i];
  return to;
}

void Entry() {
  const int numbers[] = {3, 1, 2};
  volatile int result = esc::Use(numbers, "a,b");
  (void)result;
  __builtin_trap();
}

}  // extern "C"
