#include "tools/base/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace esc::tools {
namespace {

// `call` again for as long as a signal interrupts it.
template <typename Call>
auto RetryOnInterrupt(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec only async-signal-safe calls are allowed: all memory is laid out before the fork.
struct ChildPlan {
  std::vector<char*> argv;
  std::vector<char*> environment;
  const char* directory;
  int fds[3];
  bool own_group;
  bool replace_environment;
  pid_t parent;
  int error_fd;  // Closed by a successful exec; else carries errno.
};

[[noreturn]] void FailInChild(const ChildPlan& plan) {
  const int error = errno;
  if (write(plan.error_fd, &error, sizeof(error)) < 0) _exit(126);
  _exit(127);
}

// dup2 onto 0..2 could overwrite a source that itself is one of 0..2, so the sources move out of the way first.
void InstallStandardFds(const ChildPlan& plan) {
  int moved[3];
  for (int i = 0; i < 3; ++i) {
    const int source = plan.fds[i] >= 0 ? plan.fds[i] : open("/dev/null", O_RDWR | O_CLOEXEC);
    moved[i] = source < 0 ? -1 : fcntl(source, F_DUPFD_CLOEXEC, 3);
    if (moved[i] < 0) FailInChild(plan);
  }
  for (int i = 0; i < 3; ++i) {
    if (dup2(moved[i], i) < 0) FailInChild(plan);
  }
}

[[noreturn]] void RunChild(const ChildPlan& plan) {
  InstallStandardFds(plan);
  if (plan.own_group && setpgid(0, 0) != 0) FailInChild(plan);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) FailInChild(plan);
  if (getppid() != plan.parent) _exit(126);  // The parent ended before the line above took effect.
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (plan.directory != nullptr && chdir(plan.directory) != 0) FailInChild(plan);
  if (plan.replace_environment) environ = const_cast<char**>(plan.environment.data());
  execvp(plan.argv[0], plan.argv.data());
  FailInChild(plan);
}

}  // namespace

absl::StatusOr<pid_t> Spawn(const SpawnOptions& options) {
  if (options.argv.empty() || options.argv[0].empty()) return absl::InvalidArgumentError("no program to run");
  int error_pipe[2];
  if (pipe2(error_pipe, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  const std::vector<std::string> environment = options.environment.value_or(std::vector<std::string>());
  const ChildPlan plan = {
      .argv = Pointers(options.argv),
      .environment = Pointers(environment),
      .directory = options.directory.empty() ? nullptr : options.directory.c_str(),
      .fds = {options.stdin_fd, options.stdout_fd, options.stderr_fd},
      .own_group = options.group == SpawnOptions::Group::kOwn,
      .replace_environment = options.environment.has_value(),
      .parent = getpid(),
      .error_fd = error_pipe[1],
  };
  const pid_t pid = fork();
  if (pid == 0) RunChild(plan);
  const int fork_error = errno;
  close(error_pipe[1]);
  if (pid < 0) {
    close(error_pipe[0]);
    return absl::ErrnoToStatus(fork_error, absl::StrCat("cannot start ", options.argv[0]));
  }
  int child_error = 0;
  const ssize_t count = RetryOnInterrupt([&] { return read(error_pipe[0], &child_error, sizeof(child_error)); });
  close(error_pipe[0]);
  if (count > 0) {
    RetryOnInterrupt([&] { return waitpid(pid, nullptr, 0); });
    return absl::ErrnoToStatus(child_error, absl::StrCat("cannot run ", options.argv[0]));
  }
  return pid;
}

absl::StatusOr<std::string> RunProgram(SpawnOptions options) {
  int output_pipe[2];
  if (pipe2(output_pipe, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  options.stdout_fd = options.stderr_fd = output_pipe[1];
  const absl::StatusOr<pid_t> pid = Spawn(options);
  close(output_pipe[1]);
  std::string output;
  while (pid.ok()) {
    char buffer[4096];
    const ssize_t count = RetryOnInterrupt([&] { return read(output_pipe[0], buffer, sizeof(buffer)); });
    if (count <= 0) break;
    output.append(buffer, static_cast<size_t>(count));
  }
  close(output_pipe[0]);
  if (!pid.ok()) return pid.status();
  int status = 0;
  RetryOnInterrupt([&] { return waitpid(*pid, &status, 0); });
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  const std::string end = WIFEXITED(status) ? absl::StrCat("exit status ", WEXITSTATUS(status))
                                            : absl::StrCat("signal ", WTERMSIG(status));
  return absl::InternalError(
      absl::StrCat(options.argv[0], " failed with ", end, ": ", absl::StripAsciiWhitespace(output)));
}

}  // namespace esc::tools
