// Any bytes as multiboot2's boot information, at a page boundary and with nothing behind them.
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/arch_x86_64/byte_reader.h"
#include "kernel/arch_x86_64/memory_map.h"
#include "kernel/arch_x86_64/multiboot2.h"
#include "kernel/base/units.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esc;  // NOLINT: one function
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto read = [&](PhysAddr at, std::uint64_t count) -> std::span<const std::byte> {
    if (at.value > bytes.size() || bytes.size() - at.value < count) return {};
    return bytes.subspan(at.value, count);
  };
  const auto info = arch::x86::ParseMultiboot2(PhysAddr{0}, read);
  if (info.ok()) (void)arch::x86::NormalizeMemoryMap(info->memory.span(), PhysAddr{std::uint64_t{1} << 46});
  return 0;
}
