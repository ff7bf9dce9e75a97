// The runner with a fake QEMU: a shell script.

#include "tools/qemu/runner.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tools/base/file.h"
#include "tools/qemu/outcome.h"
#include "tools/qemu/qemu_command.h"

namespace esc::tools {
namespace {

std::vector<std::string> Script(const std::string& script) { return {"/bin/sh", "-c", script}; }

RunResult MustRun(const RunOptions& options) {
  absl::StatusOr<RunResult> result = RunQemu(options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : RunResult{};
}

TEST(Runner, KeepsOutputErrorsAndStatus) {
  const RunResult result = MustRun({.command = Script("echo out; echo err >&2; exit 7")});
  EXPECT_EQ(result.log.text(), "out\n");
  EXPECT_EQ(result.end.errors, "err\n");
  EXPECT_EQ(WEXITSTATUS(result.end.wait_status), 7);
  EXPECT_FALSE(result.end.time_limit_reached);
}

TEST(Runner, NothingIsLostAtTheEnd) {
  const RunResult result = MustRun({.command = Script("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done")});
  EXPECT_TRUE(absl::EndsWith(result.log.text(), "line 4999\n"));
}

TEST(Runner, TheTimeLimitKillsQemuAndWhatItStarted) {
  absl::StatusOr<TempDirectory> directory = TempDirectory::Create("runner_test");
  ASSERT_TRUE(directory.ok()) << directory.status();
  const std::string pid_file = directory->File("pid");
  // As a wrapper script would: QEMU is a child of what was started. Five seconds, so that it has started on a busy host too.
  const RunResult result =
      MustRun({.command = Script("echo started; sleep 600 & echo $! > " + pid_file + "; wait"), .time_limit_seconds = 5});
  EXPECT_TRUE(result.end.time_limit_reached);
  EXPECT_EQ(result.log.text(), "started\n");
  const pid_t pid = std::stoi(*ReadFile(pid_file));
  // The orphan is reaped by init soon after it was killed; until then it is a zombie.
  bool gone = false;
  for (int i = 0; i < 100 && !gone; ++i) {
    const std::string status = ReadFile("/proc/" + std::to_string(pid) + "/status").value_or("");
    gone = status.empty() || absl::StrContains(status, "State:\tZ") || absl::StrContains(status, "State:\tX");
    if (!gone) usleep(50'000);
  }
  EXPECT_TRUE(gone);
}

TEST(Runner, TypesWhenThePromptHasCome) {
  const RunResult result = MustRun({.command = Script("echo wait; sleep 0.1; printf 'ready> '; read -r line; echo \"got $line\""),
                                    .time_limit_seconds = 60,
                                    .input = "hello\n",
                                    .input_after = "ready> "});
  EXPECT_EQ(result.log.text(), "wait\nready> got hello\n");
}

TEST(Runner, AGuestThatWritesWithoutEndIsStopped) {
  const RunResult result = MustRun({.command = Script("while :; do echo flood; done"), .time_limit_seconds = 60, .output_limit = 10000});
  EXPECT_TRUE(result.end.output_limit_reached);
  EXPECT_FALSE(result.end.time_limit_reached);
}

TEST(Runner, ReadsWhatQemuNotedOfResets) {
  absl::StatusOr<TempDirectory> directory = TempDirectory::Create("runner_test");
  ASSERT_TRUE(directory.ok()) << directory.status();
  const std::string log = directory->File("reset.log");
  EXPECT_EQ(MustRun({.command = Script("echo Triple fault > " + log), .reset_log = log}).end.reset_log, "Triple fault\n");
}

TEST(Runner, OnATerminalTheOutputComesFromTheLogOfQemu) {
  absl::StatusOr<TempDirectory> directory = TempDirectory::Create("runner_test");
  ASSERT_TRUE(directory.ok()) << directory.status();
  const std::string log = directory->File("terminal.log");
  const RunResult result =
      MustRun({.command = Script("echo shown > " + log), .console = Console::kTerminal, .terminal_log = log});
  EXPECT_EQ(result.log.text(), "shown\n");
}

TEST(Runner, ASignalEndsQemu) {
  // The script sends the signal to this process, which is its parent.
  const RunResult result = MustRun({.command = Script("kill -TERM $PPID; sleep 600"), .time_limit_seconds = 60});
  EXPECT_EQ(result.end.stopped_by_signal, SIGTERM);
  EXPECT_FALSE(result.end.time_limit_reached);
}

TEST(Runner, AMissingQemuIsAnError) {
  const absl::StatusOr<RunResult> result = RunQemu({.command = {"/nonexistent/qemu"}});
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(absl::StrContains(result.status().message(), "/nonexistent/qemu")) << result.status();
}

}  // namespace
}  // namespace esc::tools
