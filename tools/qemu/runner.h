#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/qemu/outcome.h"
#include "tools/qemu/qemu_command.h"
#include "tools/qemu/serial_log.h"

namespace esc::tools {

struct RunOptions {
  std::vector<std::string> command = {};
  Console console = Console::kStream;
  int time_limit_seconds = 0;       // 0: none.
  std::string reset_log = {};       // As in QemuMachine.
  std::string report = {};          // As in QemuMachine.
  std::string terminal_log = {};    // As in QemuMachine.
  std::string input = {};           // Typed on the serial console (kStream) ...
  std::string input_after = {};     // ... once this text has come, or at once when empty.
  size_t output_limit = size_t{64} << 20;
};

struct RunResult {
  QemuEnd end;
  SerialLog log;
};

// Runs QEMU to its end. With kStream its serial output goes to standard output as it comes (raw to a terminal, as text
// to anything else); with kTerminal it has the terminal, whose settings are put back afterwards. SIGINT, SIGTERM and
// SIGHUP end QEMU. Call from a process with one thread, for it blocks signals. An error when QEMU cannot be started.
absl::StatusOr<RunResult> RunQemu(const RunOptions& options);

}  // namespace esc::tools
