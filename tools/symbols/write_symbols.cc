// write_symbols KERNEL OUTPUT: copies a linked kernel and fills its function table.
#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "tools/base/file.h"
#include "tools/symbols/symbol_table.h"

namespace {

int Fail(const std::string& path, const absl::Status& status) {
  std::fprintf(stderr, "write_symbols: %s: %s\n", path.c_str(), std::string(status.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool help = argc == 2 && std::string(argv[1]) == "--help";
  if (argc != 3) {
    std::fprintf(help ? stdout : stderr, "usage: write_symbols KERNEL OUTPUT\n");
    return help ? 0 : 2;
  }
  const std::string input = argv[1], output = argv[2];
  const auto elf = esc::tools::ReadFile(input);
  if (!elf.ok()) return Fail(input, elf.status());
  const auto finished = esc::tools::WithSymbolTable(*elf);
  if (!finished.ok()) return Fail(input, finished.status());
  const absl::Status written = esc::tools::WriteFileAtomically(output, *finished);
  return written.ok() ? 0 : Fail(output, written);
}
