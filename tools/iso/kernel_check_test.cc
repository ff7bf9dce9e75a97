#include "tools/iso/kernel_check.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace esc::tools {
namespace {

void Put32(std::string& bytes, size_t offset, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) bytes[offset + i] = static_cast<char>(value >> (8 * i));
}

// The least that passes: an ELF header for x86-64 and a multiboot2 header at `header`.
std::string Kernel(size_t header) {
  std::string elf(40000, '\0');
  elf.replace(0, 5, "\x7f\x45\x4c\x46\x02");
  elf[18] = 62;
  Put32(elf, header, 0xe85250d6);
  Put32(elf, header + 8, 24);
  Put32(elf, header + 12, 0u - 0xe85250d6 - 24);
  return elf;
}

std::string ErrorOf(const std::string& elf) {
  const absl::Status status = CheckMultibootKernel("k.elf", elf);
  return status.ok() ? "no error" : std::string(status.message());
}

TEST(KernelCheck, AcceptsAHeaderAnywhereInTheFirst32KiB) {
  EXPECT_EQ(ErrorOf(Kernel(64)), "no error");
  EXPECT_EQ(ErrorOf(Kernel(4096)), "no error");
  EXPECT_EQ(ErrorOf(Kernel(32768 - 16)), "no error");
}

TEST(KernelCheck, RefusesAHeaderThatGrubWouldNotFind) {
  const std::string missing = "kernel k.elf: no valid multiboot2 header in its first 32768 bytes";
  EXPECT_EQ(ErrorOf(Kernel(32768 - 8)), missing);
  EXPECT_EQ(ErrorOf(Kernel(68)), missing);
  std::string bad_sum = Kernel(64);
  bad_sum[64 + 12] ^= 1;
  EXPECT_EQ(ErrorOf(bad_sum), missing);
}

TEST(KernelCheck, RefusesWhatIsNoX86_64ElfFile) {
  EXPECT_EQ(ErrorOf(""), "kernel k.elf: not an ELF file");
  EXPECT_EQ(ErrorOf(Kernel(64).substr(0, 63)), "kernel k.elf: not an ELF file");
  EXPECT_EQ(ErrorOf(std::string(4096, 'x')), "kernel k.elf: not an ELF file");
  std::string elf32 = Kernel(64);
  elf32[4] = 1;
  EXPECT_EQ(ErrorOf(elf32), "kernel k.elf: not a 64-bit ELF file");
  std::string arm = Kernel(64);
  arm[18] = static_cast<char>(183);
  EXPECT_EQ(ErrorOf(arm), "kernel k.elf: for ELF machine 183, not x86-64 (62)");
}

}  // namespace
}  // namespace esc::tools
