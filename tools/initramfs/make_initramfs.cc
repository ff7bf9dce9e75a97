// Makes an initramfs, a cpio archive, from a manifest.

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/base/file.h"
#include "tools/initramfs/cpio.h"
#include "tools/initramfs/manifest.h"

ABSL_FLAG(std::string, manifest, "", "The manifest: a line for each entry, as tools/initramfs/manifest.h states");
ABSL_FLAG(std::string, output, "", "The archive to write");

namespace {

using esc::tools::CpioEntry;

absl::Status Run(const std::vector<char*>& arguments) {
  if (arguments.size() > 1) return absl::InvalidArgumentError(std::string("unexpected argument ") + arguments[1]);
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
  absl::SetProgramUsageMessage("makes an initramfs from a manifest\n  make_initramfs --manifest=FILE --output=FILE\n"
                               "Lines of a manifest: file PATH MODE SOURCE | dir PATH MODE | symlink PATH TARGET | "
                               "node PATH MODE b|c MAJOR MINOR");
  const absl::Status status = Run(absl::ParseCommandLine(argc, argv));
  if (status.ok()) return EXIT_SUCCESS;
  std::cerr << "make_initramfs: " << status.message() << "\n";
  return EXIT_FAILURE;
}
