#pragma once

#include <string>
#include <vector>

#include "tools/qemu/serial_log.h"

namespace esc::tools {

// Exit codes of run_qemu that are not init's (which may have any value: a message on standard error tells them apart). The first
// and the last are what the kernel writes to the exit device (kernel/arch_api/power.h, FatalEnd).
inline constexpr int kExitRefused = 120;  // The kernel refused to boot, and said why.
inline constexpr int kExitExpectation = 123;  // The run ended, but not as it was expected to.
inline constexpr int kExitTimeLimit = 124;
inline constexpr int kExitNoRun = 125;  // Nothing ran: bad flags, or QEMU itself failed.
inline constexpr int kExitCrash = 126;  // A triple fault, or QEMU was killed.
inline constexpr int kExitPanic = 127;

// How a run of QEMU ended, as it was seen from outside.
struct QemuEnd {
  int wait_status = 0;         // As waitpid gives it.
  bool time_limit_reached = false;
  bool output_limit_reached = false;
  int stopped_by_signal = 0;   // The signal that run_qemu itself got and handed on.
  int time_limit_seconds = 0;
  std::string errors = {};     // What QEMU wrote to standard error.
  std::string reset_log = {};  // What QEMU noted of resets.
  std::string report = {};     // What the guest wrote to the debug console: init's status, one byte.
};

struct Outcome {
  int exit_code = 0;
  std::string message = {};  // Empty for an ordinary end.
  bool guest_ended = false;  // The guest itself chose to end, by power-off, reset or the exit device.
};

// The guest ends QEMU by writing v to the exit device, which makes QEMU's exit status (v << 1) | 1; or by power-off or
// reset, which makes it 0. That leaves seven bits for v, so the kernel writes the whole status of init to the debug console
// before. QEMU's own failures are status 1 as well, so they are told apart by what was written.
Outcome InterpretEnd(const QemuEnd& end, const SerialLog& log);

// What the run must have shown.
struct Expectations {
  std::vector<std::string> present = {};
  std::vector<std::string> absent = {};
  int exit_code = -1;  // -1: not judged.
  bool empty() const { return present.empty() && absent.empty() && exit_code < 0; }
};

// The outcome after the expectations are judged: code 0 when all of them are met (whatever the guest's code, if that was
// expected), kExitExpectation with what is missing when the run ended but failed them, else the outcome as it was.
Outcome Judge(const Outcome& outcome, const Expectations& expectations, const SerialLog& log);

}  // namespace esc::tools
