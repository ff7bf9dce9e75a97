#include "tools/iso/kernel_check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace esc::tools {
namespace {

// Multiboot2 Specification 2.0, sections 3.1.1 and 3.1.2.
constexpr uint32_t kMagic = 0xe85250d6;
constexpr size_t kSearchLimit = 32768;
constexpr size_t kAlignment = 8;
constexpr size_t kHeaderSize = 16;

// ELF-64 Object File Format 1.5, figures 2 and 3; the x86-64 psABI gives the machine number.
constexpr size_t kElfHeaderSize = 64;
constexpr size_t kClassOffset = 4;
constexpr char kClass64 = 2;
constexpr size_t kMachineOffset = 18;
constexpr uint32_t kMachineX86_64 = 62;

uint32_t LittleEndian(absl::string_view bytes, size_t offset, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= uint32_t{static_cast<uint8_t>(bytes[offset + i])} << (8 * i);
  return value;
}

bool HasMultibootHeader(absl::string_view elf) {
  const size_t end = std::min(elf.size(), kSearchLimit);
  for (size_t at = 0; at + kHeaderSize <= end; at += kAlignment) {
    if (LittleEndian(elf, at, 4) != kMagic) continue;
    const uint32_t sum = kMagic + LittleEndian(elf, at + 4, 4) + LittleEndian(elf, at + 8, 4) + LittleEndian(elf, at + 12, 4);
    if (sum == 0) return true;
  }
  return false;
}

}  // namespace

absl::Status CheckMultibootKernel(const std::string& path, absl::string_view elf) {
  if (elf.size() < kElfHeaderSize || elf.substr(0, 4) != "\x7f"
                                                         "ELF") {
    return absl::InvalidArgumentError(absl::StrCat("kernel ", path, ": not an ELF file"));
  }
  if (elf[kClassOffset] != kClass64) {
    return absl::InvalidArgumentError(absl::StrCat("kernel ", path, ": not a 64-bit ELF file"));
  }
  const uint32_t machine = LittleEndian(elf, kMachineOffset, 2);
  if (machine != kMachineX86_64) {
    return absl::InvalidArgumentError(
        absl::StrCat("kernel ", path, ": for ELF machine ", machine, ", not x86-64 (", kMachineX86_64, ")"));
  }
  if (!HasMultibootHeader(elf)) {
    return absl::InvalidArgumentError(
        absl::StrCat("kernel ", path, ": no valid multiboot2 header in its first ", kSearchLimit, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace esc::tools
