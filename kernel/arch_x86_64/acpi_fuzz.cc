// Any bytes as all of physical memory, with the root table at its start; and as a MADT, a FADT and a DSDT.
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/arch_x86_64/acpi.h"
#include "kernel/arch_x86_64/byte_reader.h"
#include "kernel/base/units.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esc;  // NOLINT: one function
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto read = [&](PhysAddr at, std::uint64_t count) -> std::span<const std::byte> {
    if (at.value > bytes.size() || bytes.size() - at.value < count) return {};
    return bytes.subspan(at.value, count);
  };
  (void)arch::x86::ReadAcpi({PhysAddr{0}, size % 2 == 0}, read);
  (void)arch::x86::ParseRootPointer(bytes);
  arch::x86::AcpiInfo info;
  (void)arch::x86::ParseMadt(bytes, info);
  (void)arch::x86::ParseFadt(bytes, info);
  (void)arch::x86::FindSoftOff(bytes);
  return 0;
}
