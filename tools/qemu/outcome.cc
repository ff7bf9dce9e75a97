#include "tools/qemu/outcome.h"

#include <sys/wait.h>

#include <csignal>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "tools/qemu/serial_log.h"

namespace esc::tools {
namespace {

constexpr int kLinesShown = 20;

std::string WithLog(absl::string_view message, const SerialLog& log) {
  if (log.text().empty()) return absl::StrCat(message, "; the guest wrote nothing");
  return absl::StrCat(message, "; the last lines of its serial output:\n", absl::StripTrailingAsciiWhitespace(log.LastLines(kLinesShown)));
}

bool IsQemuError(absl::string_view line) {
  return absl::StartsWith(line, "qemu") && absl::StrContains(line, ": ") && !absl::StrContains(line, ": warning: ") &&
         !absl::StrContains(line, ": terminating on signal ");
}

bool HasQemuError(absl::string_view errors) {
  for (const absl::string_view line : absl::StrSplit(errors, '\n')) {
    if (IsQemuError(line)) return true;
  }
  return false;
}

Outcome InterpretExitStatus(int status, const QemuEnd& end, const SerialLog& log) {
  if (status == 0) return {.exit_code = 0, .guest_ended = true};
  const bool qemu_failed = status == 1 && (log.text().empty() || HasQemuError(end.errors));
  if (status % 2 == 0 || qemu_failed) {
    return {.exit_code = kExitNoRun,
            .message = absl::StrCat("QEMU failed with status ", status, ": ", absl::StripAsciiWhitespace(end.errors))};
  }
  const int code = status >> 1;
  if (code == kExitPanic) return {.exit_code = code, .message = "the kernel panicked", .guest_ended = true};
  if (code == kExitRefused) return {.exit_code = code, .message = "the kernel refused to boot", .guest_ended = true};
  // A kernel that knows no debug console has said it all on the exit device.
  return {.exit_code = end.report.empty() ? code : static_cast<unsigned char>(end.report.back()), .guest_ended = true};
}

}  // namespace

Outcome InterpretEnd(const QemuEnd& end, const SerialLog& log) {
  if (end.stopped_by_signal != 0) {
    return {.exit_code = 128 + end.stopped_by_signal, .message = absl::StrCat("stopped by signal ", end.stopped_by_signal)};
  }
  if (end.time_limit_reached) {
    return {.exit_code = kExitTimeLimit, .message = WithLog(absl::StrCat("time limit of ", end.time_limit_seconds, " s reached"), log)};
  }
  if (end.output_limit_reached) return {.exit_code = kExitNoRun, .message = WithLog("the guest wrote without end", log)};
  if (absl::StrContains(end.reset_log, "Triple fault")) {
    return {.exit_code = kExitCrash, .message = WithLog("the guest died of a triple fault", log)};
  }
  if (WIFSIGNALED(end.wait_status)) {
    return {.exit_code = kExitCrash, .message = absl::StrCat("QEMU was killed by signal ", WTERMSIG(end.wait_status))};
  }
  return InterpretExitStatus(WEXITSTATUS(end.wait_status), end, log);
}

Outcome Judge(const Outcome& outcome, const Expectations& expectations, const SerialLog& log) {
  if (expectations.empty() || !outcome.guest_ended) return outcome;
  std::string failures;
  for (const std::string& text : expectations.present) {
    if (!log.Contains(text)) absl::StrAppend(&failures, "\n  missing in the serial output: ", text);
  }
  for (const std::string& text : expectations.absent) {
    if (log.Contains(text)) absl::StrAppend(&failures, "\n  must not be in the serial output: ", text);
  }
  if (expectations.exit_code >= 0 && outcome.exit_code != expectations.exit_code) {
    absl::StrAppend(&failures, "\n  exit code ", outcome.exit_code, ", not ", expectations.exit_code);
  }
  if (!failures.empty()) return {.exit_code = kExitExpectation, .message = absl::StrCat("expectations not met:", failures), .guest_ended = true};
  if (expectations.exit_code >= 0) return {.exit_code = 0, .guest_ended = true};
  return outcome;
}

}  // namespace esc::tools
