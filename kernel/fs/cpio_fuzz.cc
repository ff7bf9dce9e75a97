// Any bytes: the reader ends, and stays inside them (address sanitizer watches).
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/fs/cpio.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  esc::fs::CpioReader reader(std::as_bytes(std::span(data, size)));
  std::uint64_t sum = 0;
  for (auto entry = reader.Next(); entry.ok(); entry = reader.Next()) {
    for (const std::byte b : entry->contents) sum += static_cast<std::uint64_t>(b);
    sum += entry->name.size();
  }
  return sum == ~std::uint64_t{0} ? 1 : 0;
}
