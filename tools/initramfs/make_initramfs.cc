// Makes an initramfs, a cpio archive, from a manifest.

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/base/command_line.h"
#include "tools/base/file.h"
#include "tools/initramfs/cpio.h"
#include "tools/initramfs/manifest.h"

ABSL_FLAG(std::string, manifest, "", "The manifest: a line for each entry, as tools/initramfs/manifest.h states");
ABSL_FLAG(std::string, output, "", "The archive to write");

namespace {

using esc::tools::CpioEntry;

absl::Status Run(const std::vector<std::string>& words) {
  if (!words.empty()) return absl::InvalidArgumentError("unexpected argument " + words[0]);
  const std::string manifest = absl::GetFlag(FLAGS_manifest);
  const std::string output = absl::GetFlag(FLAGS_output);
  if (manifest.empty()) return absl::InvalidArgumentError("--manifest is missing");
  if (output.empty()) return absl::InvalidArgumentError("--output is missing");
  const absl::StatusOr<std::string> text = esc::tools::ReadFile(manifest);
  if (!text.ok()) return text.status();
  const absl::StatusOr<std::vector<CpioEntry>> entries = esc::tools::ParseManifest(manifest, *text, esc::tools::ReadFile);
  if (!entries.ok()) return entries.status();
  const absl::StatusOr<std::string> archive = esc::tools::BuildCpio(*entries);
  if (!archive.ok()) return archive.status();
  return esc::tools::WriteFileAtomically(output, *archive);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words = esc::tools::ParseCommandLine(
      "makes an initramfs from a manifest\n  make_initramfs --manifest=FILE --output=FILE\n"
                               "Lines of a manifest: file PATH MODE SOURCE | dir PATH MODE | symlink PATH TARGET | "
                               "node PATH MODE b|c MAJOR MINOR",
      argc, argv, EXIT_FAILURE);
  const absl::Status status = Run(words);
  if (status.ok()) return EXIT_SUCCESS;
  std::cerr << "make_initramfs: " << status.message() << "\n";
  return EXIT_FAILURE;
}
