#include "tools/qemu/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/base/file.h"
#include "tools/base/subprocess.h"

namespace esc::tools {
namespace {

using Clock = std::chrono::steady_clock;

// A file descriptor that is closed with its owner.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { Close(); }

  int get() const { return fd_; }
  void Set(int fd) {
    Close();
    fd_ = fd;
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

absl::Status MakePipe(Fd& read_end, Fd& write_end) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  read_end.Set(fds[0]);
  write_end.Set(fds[1]);
  return absl::OkStatus();
}

// Standard output may be closed early (`| head`): the run goes on, for its end is what is asked for.
void WriteToStandardOutput(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno != EINTR) return;
    if (count > 0) text.remove_prefix(static_cast<size_t>(count));
  }
}

// Keeps the terminal's settings, since a QEMU that is killed leaves it in raw mode.
class TerminalSettings {
 public:
  TerminalSettings() : saved_(tcgetattr(STDIN_FILENO, &settings_) == 0) {}
  TerminalSettings(const TerminalSettings&) = delete;
  TerminalSettings& operator=(const TerminalSettings&) = delete;
  ~TerminalSettings() {
    if (saved_) tcsetattr(STDIN_FILENO, TCSANOW, &settings_);
  }

 private:
  termios settings_;
  bool saved_;
};

class Run {
 public:
  explicit Run(const RunOptions& options) : options_(options) {}

  absl::Status Start();
  void WaitForEnd();
  RunResult TakeResult();

 private:
  enum class Source { kSerial, kErrors };

  void HandleSignals();
  void Read(Fd& fd, Source source);
  void TakeSerial(absl::string_view raw);
  bool InputDue() const;
  void TypeWhenDue();
  void Kill() const;
  int PollTimeout() const;
  bool streams() const { return options_.console == Console::kStream; }

  const RunOptions& options_;
  const bool raw_output_ = isatty(STDOUT_FILENO) == 1;
  Clock::time_point deadline_;
  pid_t pid_ = -1;
  bool ended_ = false;
  bool killed_ = false;
  size_t raw_size_ = 0;
  size_t typed_ = 0;
  Fd signals_, serial_, errors_, input_;
  RunResult result_;
};

absl::Status Run::Start() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&watched, signal_number);
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signals_.Set(signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (signals_.get() < 0) return absl::ErrnoToStatus(errno, "cannot watch signals");

  Fd serial_end, errors_end, input_end;
  SpawnOptions spawn = {.argv = options_.command};
  if (absl::Status status = MakePipe(errors_, errors_end); !status.ok()) return status;
  spawn.stderr_fd = errors_end.get();
  if (streams()) {
    if (absl::Status status = MakePipe(serial_, serial_end); !status.ok()) return status;
    spawn.stdout_fd = serial_end.get();
    if (!options_.input.empty()) {
      if (absl::Status status = MakePipe(input_end, input_); !status.ok()) return status;
      spawn.stdin_fd = input_end.get();
      fcntl(input_.get(), F_SETFL, O_NONBLOCK);
    }
    // Of its own group, so that a QEMU behind a wrapper script is killed with it.
    spawn.group = SpawnOptions::Group::kOwn;
  } else {
    spawn.stdin_fd = STDIN_FILENO;
    spawn.stdout_fd = STDOUT_FILENO;
  }
  for (const Fd* fd : {&serial_, &errors_}) {
    if (fd->get() >= 0) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  }
  const absl::StatusOr<pid_t> pid = Spawn(spawn);
  if (!pid.ok()) return pid.status();
  pid_ = *pid;
  deadline_ = Clock::now() + std::chrono::seconds(options_.time_limit_seconds);
  return absl::OkStatus();
}

int Run::PollTimeout() const {
  if (options_.time_limit_seconds == 0 || killed_) return -1;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count() + 1;
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 3'600'000));
}

void Run::Kill() const { kill(streams() ? -pid_ : pid_, SIGKILL); }

void Run::WaitForEnd() {
  while (!ended_) {
    TypeWhenDue();
    pollfd watched[] = {{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                        {.fd = serial_.get(), .events = POLLIN, .revents = 0},
                        {.fd = errors_.get(), .events = POLLIN, .revents = 0},
                        {.fd = InputDue() ? input_.get() : -1, .events = POLLOUT, .revents = 0}};
    poll(watched, std::size(watched), PollTimeout());
    if (watched[1].revents != 0) Read(serial_, Source::kSerial);
    if (watched[2].revents != 0) Read(errors_, Source::kErrors);
    if (watched[0].revents != 0) HandleSignals();
    if (!ended_ && !killed_ && options_.time_limit_seconds != 0 && Clock::now() >= deadline_) {
      result_.end.time_limit_reached = killed_ = true;
      Kill();
    }
  }
  // What was written before the end may still lie in the pipes.
  Read(serial_, Source::kSerial);
  Read(errors_, Source::kErrors);
}

void Run::HandleSignals() {
  signalfd_siginfo info;
  while (read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
    if (info.ssi_signo != SIGCHLD) {
      result_.end.stopped_by_signal = static_cast<int>(info.ssi_signo);
      killed_ = true;
      Kill();
    }
  }
  if (waitpid(pid_, &result_.end.wait_status, WNOHANG) == pid_) ended_ = true;
}

void Run::Read(Fd& fd, Source source) {
  char buffer[1 << 16];
  while (fd.get() >= 0) {
    const ssize_t count = read(fd.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      fd.Close();
      return;
    }
    const absl::string_view bytes(buffer, static_cast<size_t>(count));
    if (source == Source::kSerial) {
      TakeSerial(bytes);
    } else if (result_.end.errors.size() < options_.output_limit) {
      result_.end.errors.append(buffer, static_cast<size_t>(count));
    }
    if (killed_) return;  // A guest that writes without end must not keep us here.
  }
}

void Run::TakeSerial(absl::string_view raw) {
  const absl::string_view text = result_.log.Append(raw);
  WriteToStandardOutput(raw_output_ ? raw : text);
  raw_size_ += raw.size();
  if (raw_size_ > options_.output_limit && !killed_) {
    result_.end.output_limit_reached = killed_ = true;
    Kill();
  }
}

bool Run::InputDue() const {
  return input_.get() >= 0 && (options_.input_after.empty() || result_.log.Contains(options_.input_after));
}

void Run::TypeWhenDue() {
  if (!InputDue()) return;
  const absl::string_view rest = absl::string_view(options_.input).substr(typed_);
  const ssize_t count = write(input_.get(), rest.data(), rest.size());
  if (count > 0) typed_ += static_cast<size_t>(count);
  if (typed_ == options_.input.size() || (count < 0 && errno != EAGAIN && errno != EINTR)) input_.Close();
}

RunResult Run::TakeResult() {
  result_.end.time_limit_seconds = options_.time_limit_seconds;
  if (!options_.reset_log.empty()) result_.end.reset_log = ReadFile(options_.reset_log).value_or("");
  if (!options_.report.empty()) result_.end.report = ReadFile(options_.report).value_or("");
  if (!streams() && !options_.terminal_log.empty()) result_.log.Append(ReadFile(options_.terminal_log).value_or(""));
  return std::move(result_);
}

}  // namespace

absl::StatusOr<RunResult> RunQemu(const RunOptions& options) {
  const TerminalSettings settings;
  Run run(options);
  if (absl::Status status = run.Start(); !status.ok()) return status;
  run.WaitForEnd();
  return run.TakeResult();
}

}  // namespace esc::tools
