#include "kernel/fs/terminal.h"

#include <algorithm>
#include <utility>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/console.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"

namespace esc::fs {
namespace {

// Indices into TerminalSettings::control, in the order of c_cc.
enum ControlIndex { kIntr, kQuit, kErase, kKill, kEof, kTime, kMin, kSwitch, kStart, kStop, kSuspend, kEol, kReprint, kDiscard, kWordErase, kLiteralNext, kEol2 };

constexpr std::int32_t kSentByKernel = 0x80;  // si_code: SI_KERNEL

bool IsControl(char c, std::uint8_t setting) { return setting != 0 && static_cast<std::uint8_t>(c) == setting; }

}  // namespace

Terminal& ConsoleTerminal() {
  [[clang::no_destroy]] static constinit Terminal terminal;
  return terminal;
}

void Terminal::EchoText(std::string_view text) { arch::ConsoleWrite(text); }

void Terminal::Echo(char c) {
  if (!settings_.echo && !(c == '\n' && settings_.echo_newline)) return;
  const auto code = static_cast<unsigned char>(c);
  if (settings_.echo_control && code < 32 && c != '\n' && c != '\t') {
    const char text[2] = {'^', static_cast<char>(code + 64)};
    return EchoText({text, 2});
  }
  EchoText({&c, 1});
}

bool Terminal::IsEndOfLine(char c) const {
  return c == '\n' || IsControl(c, settings_.control[kEof]) || IsControl(c, settings_.control[kEol]) || IsControl(c, settings_.control[kEol2]);
}

void Terminal::Store(char c) {
  // One slot stays free for the end of the line, so that a line that is too long can still be ended.
  const std::size_t used = write_ - read_;
  if (used >= kInputBytes || (used == kInputBytes - 1 && settings_.canonical && !IsEndOfLine(c))) return;
  input_[write_++ % kInputBytes] = c;
}

void Terminal::EraseOne() {
  --write_;
  if (!settings_.echo || !settings_.echo_erase) return;
  const auto erased = static_cast<unsigned char>(input_[write_ % kInputBytes]);
  EchoText(erased < 32 && settings_.echo_control ? "\b \b\b \b" : "\b \b");
}

bool Terminal::HandleEditing(char c) {
  if (IsControl(c, settings_.control[kErase]) || c == '\b') {
    if (write_ != line_) EraseOne();
    return true;
  }
  if (IsControl(c, settings_.control[kKill])) {
    while (write_ != line_) EraseOne();
    return true;
  }
  if (settings_.extended && IsControl(c, settings_.control[kWordErase])) {
    while (write_ != line_ && input_[(write_ - 1) % kInputBytes] == ' ') EraseOne();
    while (write_ != line_ && input_[(write_ - 1) % kInputBytes] != ' ') EraseOne();
    return true;
  }
  return false;
}

// Which signal the character sends, if any.
static core::Signal SignalOf(char c, const TerminalSettings& settings) {
  if (!settings.signals) return core::Signal::kNone;
  if (IsControl(c, settings.control[kIntr])) return core::Signal::kInterrupt;
  if (IsControl(c, settings.control[kQuit])) return core::Signal::kQuit;
  if (IsControl(c, settings.control[kSuspend])) return core::Signal::kTerminalStop;
  return core::Signal::kNone;
}

void Terminal::OnInput(char c) {
  core::Signal signal = core::Signal::kNone;
  Pid group{};
  {
    SpinLockGuard guard(lock_);
    signal = SignalOf(c, settings_);
    group = foreground_;
    if (signal != core::Signal::kNone) {
      Echo(c);
      if (!settings_.no_flush) read_ = line_ = write_ = 0;
    } else {
      Accept(c);
    }
  }
  changed_.WakeAll();
  // Outside of the lock: signals take the process table's, which ranks before ours. Nobody in the foreground: nothing.
  if (signal != core::Signal::kNone && group.value > 0) static_cast<void>(core::SendSignalToGroup(group, {.signal = signal, .code = kSentByKernel}));
}

void Terminal::Accept(char c) {
  if (c == '\r') {
    if (settings_.ignore_carriage_return) return;
    if (settings_.carriage_return_to_newline) c = '\n';
  } else if (c == '\n' && settings_.newline_to_carriage_return) {
    c = '\r';
  }
  if (settings_.canonical && HandleEditing(c)) return;
  Store(c);
  last_input_ = arch::Now();
  if (!settings_.canonical) {
    line_ = write_;
    return Echo(c);
  }
  const bool end_of_file = IsControl(c, settings_.control[kEof]);
  if (!end_of_file) Echo(c);
  if (IsEndOfLine(c)) line_ = write_;
}

// Whether a read of `wanted` bytes has what it waits for: a line, or VMIN bytes (POSIX 11.1.7).
bool Terminal::ReadReady(std::size_t wanted) const {
  if (settings_.canonical) return line_ != read_;
  return write_ - read_ >= std::clamp<std::size_t>(settings_.control[kMin], 1, wanted);
}

// VTIME, in tenths of a second: from the start of the read when VMIN is 0, else from the last byte.
Nanos Terminal::ReadDeadline(Nanos started) const {
  const Nanos limit = Nanos::Millis(100 * settings_.control[kTime]);
  if (settings_.canonical) return Nanos::Max();
  if (settings_.control[kMin] == 0) return started + limit;
  return settings_.control[kTime] == 0 || write_ == read_ ? Nanos::Max() : std::max(started, last_input_) + limit;
}

// kOk when there is something to take, or nothing is waited for; kWouldBlock, kRestart.
Status Terminal::WaitForInput(std::size_t wanted, bool non_blocking) {
  const Nanos started = arch::Now();
  while (!ReadReady(wanted)) {
    if (arch::Now() >= ReadDeadline(started)) return Status::kOk;
    if (non_blocking) return write_ != read_ && !settings_.canonical ? Status::kOk : Status::kWouldBlock;
    const Status waited = changed_.Wait(lock_, core::Interruptible::kYes, ReadDeadline(started));
    if (!Ok(waited) && waited != Status::kTimedOut) return waited;
  }
  return Status::kOk;
}

// Takes what one read gives: a line, or what is there; an end-of-file character ends it and is not given.
std::size_t Terminal::Take(char* to, std::size_t most, bool& line_ended) {
  std::size_t taken = 0;
  const std::size_t end = settings_.canonical ? line_ : write_;
  while (taken < most && read_ != end && !line_ended) {
    const char c = input_[read_++ % kInputBytes];
    if (settings_.canonical) {
      line_ended = IsEndOfLine(c);
      if (line_ended && IsControl(c, settings_.control[kEof])) break;
    }
    to[taken++] = c;
  }
  if (!settings_.canonical) line_ = write_;
  return taken;
}

Result<std::size_t> Terminal::Read(core::IoBuffer& buffer, bool non_blocking) {
  ESC_TRY(CheckForeground(core::Signal::kTerminalInput));
  char piece[256];
  bool line_ended = false;
  while (buffer.remaining() != 0 && !line_ended) {
    std::size_t taken = 0;
    {
      SpinLockGuard guard(lock_);
      if (buffer.done() == 0) ESC_TRY(WaitForInput(buffer.remaining(), non_blocking));
      taken = Take(piece, std::min(sizeof(piece), buffer.remaining()), line_ended);
    }
    if (taken == 0) break;
    ESC_TRY(buffer.CopyOut(piece, taken));
  }
  return buffer.done();
}

// A background process that reads gets SIGTTIN, one that writes or changes SIGTTOU, and tries again when it is in the
// foreground. Where that would be for ever, because the signal does nothing or nobody could bring it back, reading fails;
// who does not take SIGTTOU may write (POSIX, 11.1.4).
Status Terminal::CheckForeground(core::Signal signal) {
  core::Process& process = core::CurrentProcess();
  {
    SpinLockGuard guard(lock_);
    if (foreground_.value == 0 || process.session != session_ || process.group == foreground_) return Status::kOk;
  }
  bool takes_it;
  {
    SpinLockGuard guard(process.lock);
    takes_it = process.actions[static_cast<std::size_t>(signal)].handler != core::kIgnoreHandler &&
               !core::CurrentThread().blocked_signals.Contains(signal);
  }
  if (!takes_it) return signal == core::Signal::kTerminalOutput ? Status::kOk : Status::kIoError;
  const Pid group = core::GetRelations(process).group;
  if (core::IsOrphanedGroup(group)) return Status::kIoError;
  ESC_TRY(core::SendSignalToGroup(group, {.signal = signal, .code = kSentByKernel}));
  return Status::kRestart;
}

Result<std::size_t> Terminal::Write(core::IoBuffer& buffer) {
  bool checks;
  {
    SpinLockGuard guard(lock_);
    checks = settings_.stop_background_output;
  }
  if (checks) ESC_TRY(CheckForeground(core::Signal::kTerminalOutput));
  char piece[256];
  while (buffer.remaining() != 0) {
    const std::size_t bytes = std::min(sizeof(piece), buffer.remaining());
    if (const Status status = buffer.CopyIn(piece, bytes); !Ok(status)) {
      if (buffer.done() == 0) return status;
      break;
    }
    arch::ConsoleWrite({piece, bytes});
  }
  return buffer.done();
}

core::Readiness Terminal::Poll() {
  SpinLockGuard guard(lock_);
  // With a time limit one byte is enough to start a read.
  const std::size_t enough = settings_.control[kTime] != 0 ? 1 : kInputBytes;
  return ReadReady(enough) ? core::Readiness::kReadable | core::Readiness::kWritable : core::Readiness::kWritable;
}

std::size_t Terminal::Available() {
  SpinLockGuard guard(lock_);
  return (settings_.canonical ? line_ : write_) - read_;
}

TerminalSettings Terminal::settings() {
  SpinLockGuard guard(lock_);
  return settings_;
}

void Terminal::SetSettings(const TerminalSettings& settings) {
  {
    SpinLockGuard guard(lock_);
    settings_ = settings;
    line_ = write_;  // what was typed before the change of mode is not lost
  }
  changed_.WakeAll();
}

void Terminal::FlushInput() {
  SpinLockGuard guard(lock_);
  read_ = line_ = write_ = 0;
}

WindowSize Terminal::window_size() {
  SpinLockGuard guard(lock_);
  return window_;
}

void Terminal::SetWindowSize(const WindowSize& size) {
  Pid group{};
  {
    SpinLockGuard guard(lock_);
    if (size != window_) group = foreground_;
    window_ = size;
  }
  if (group.value > 0) static_cast<void>(core::SendSignalToGroup(group, {.signal = core::Signal::kWindow, .code = kSentByKernel}));
}

Pid Terminal::foreground_group() {
  SpinLockGuard guard(lock_);
  return foreground_;
}

void Terminal::SetForegroundGroup(Pid group) {
  SpinLockGuard guard(lock_);
  foreground_ = group;
}

Pid Terminal::session() {
  SpinLockGuard guard(lock_);
  return session_;
}

void Terminal::EndSession(Pid session) {
  Pid group{};
  {
    SpinLockGuard guard(lock_);
    if (session_ != session) return;
    group = std::exchange(foreground_, Pid{});
    session_ = Pid{};
  }
  if (group.value <= 0) return;
  static_cast<void>(core::SendSignalToGroup(group, {.signal = core::Signal::kHangUp, .code = kSentByKernel}));
  static_cast<void>(core::SendSignalToGroup(group, {.signal = core::Signal::kContinue, .code = kSentByKernel}));
}

void Terminal::SetSession(Pid session) {
  SpinLockGuard guard(lock_);
  session_ = session;
  foreground_ = session;
}

}  // namespace esc::fs
