// Writes a bootable ISO image from a kernel, a boot config and an initramfs.

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "tools/base/command_line.h"
#include "tools/iso/iso_writer.h"

ABSL_FLAG(std::string, kernel, "", "The kernel: a 64-bit ELF file with a multiboot2 header");
ABSL_FLAG(std::string, boot_config, "", "The boot config as binary protobuf; none when empty");
ABSL_FLAG(std::string, initramfs, "", "The initramfs, a cpio archive (newc); none when empty");
ABSL_FLAG(std::string, cmdline, "", "The kernel command line");
ABSL_FLAG(std::string, output, "", "The image to write");
ABSL_FLAG(std::string, grub_mkimage, "grub-mkimage", "The program grub-mkimage");
ABSL_FLAG(std::string, grub_i386_pc, "/usr/lib/grub/i386-pc", "Directory of GRUB's modules for BIOS");
ABSL_FLAG(std::string, grub_x86_64_efi, "/usr/lib/grub/x86_64-efi", "Directory of GRUB's modules for UEFI");
ABSL_FLAG(std::string, xorriso, "xorriso", "The program xorriso");
ABSL_FLAG(std::string, mformat, "mformat", "The program mformat of mtools");
ABSL_FLAG(std::string, mmd, "mmd", "The program mmd of mtools");
ABSL_FLAG(std::string, mcopy, "mcopy", "The program mcopy of mtools");

namespace {

absl::Status Run(const std::vector<std::string>& words) {
  if (!words.empty()) return absl::InvalidArgumentError("unexpected argument " + words[0]);
  if (absl::GetFlag(FLAGS_kernel).empty()) return absl::InvalidArgumentError("--kernel is missing");
  if (absl::GetFlag(FLAGS_output).empty()) return absl::InvalidArgumentError("--output is missing");
  return esc::tools::WriteIso(
      {
          .kernel = absl::GetFlag(FLAGS_kernel),
          .boot_config = absl::GetFlag(FLAGS_boot_config),
          .initramfs = absl::GetFlag(FLAGS_initramfs),
          .cmdline = absl::GetFlag(FLAGS_cmdline),
          .output = absl::GetFlag(FLAGS_output),
      },
      {
          .grub_mkimage = absl::GetFlag(FLAGS_grub_mkimage),
          .grub_i386_pc = absl::GetFlag(FLAGS_grub_i386_pc),
          .grub_x86_64_efi = absl::GetFlag(FLAGS_grub_x86_64_efi),
          .xorriso = absl::GetFlag(FLAGS_xorriso),
          .mformat = absl::GetFlag(FLAGS_mformat),
          .mmd = absl::GetFlag(FLAGS_mmd),
          .mcopy = absl::GetFlag(FLAGS_mcopy),
      });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words = esc::tools::ParseCommandLine(
      "writes an ISO image that boots by BIOS and UEFI, from a CD and from a disk\n"
                               "  write_iso --kernel=kernel.elf --boot_config=config.binpb --initramfs=initramfs.cpio "
                               "--cmdline=\"...\" --output=kernel.iso",
      argc, argv, EXIT_FAILURE);
  const absl::Status status = Run(words);
  if (status.ok()) return EXIT_SUCCESS;
  std::cerr << "write_iso: " << status.message() << "\n";
  return EXIT_FAILURE;
}
