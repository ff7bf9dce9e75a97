#include "kernel/fs/terminal.h"

#include <algorithm>

#include "kernel/arch_api/console.h"
#include "kernel/core/process.h"

namespace esc::fs {
namespace {

// Indices into TerminalSettings::control, in the order of c_cc.
enum ControlIndex { kIntr, kQuit, kErase, kKill, kEof, kTime, kMin, kSwitch, kStart, kStop, kSuspend, kEol, kReprint, kDiscard, kWordErase, kLiteralNext, kEol2 };

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
  if (signal != core::Signal::kNone && group.value > 0) static_cast<void>(core::SendSignalToGroup(group, {.signal = signal}));
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
  if (!settings_.canonical) {
    line_ = write_;
    return Echo(c);
  }
  const bool end_of_file = IsControl(c, settings_.control[kEof]);
  if (!end_of_file) Echo(c);
  if (IsEndOfLine(c)) line_ = write_;
}

bool Terminal::ReadReady() const {
  return settings_.canonical ? line_ != read_ : write_ - read_ >= std::max<std::size_t>(1, settings_.control[kMin]);
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
  ESC_TRY(CheckForeground());
  char piece[256];
  bool line_ended = false;
  while (buffer.remaining() != 0 && !line_ended) {
    std::size_t taken = 0;
    {
      SpinLockGuard guard(lock_);
      while (buffer.done() == 0 && !ReadReady()) {
        if (!settings_.canonical && settings_.control[kMin] == 0 && write_ == read_) return std::size_t{0};
        if (non_blocking) return Status::kWouldBlock;
        ESC_TRY(changed_.Wait(lock_, core::Interruptible::kYes));
      }
      taken = Take(piece, std::min(sizeof(piece), buffer.remaining()), line_ended);
    }
    if (taken == 0) break;
    ESC_TRY(buffer.CopyOut(piece, taken));
  }
  return buffer.done();
}

// A background process that reads gets SIGTTIN and tries again when it is in the foreground (POSIX, 11.1.4).
Status Terminal::CheckForeground() {
  core::Process& process = core::CurrentProcess();
  Pid foreground, session;
  {
    SpinLockGuard guard(lock_);
    foreground = foreground_;
    session = session_;
  }
  if (foreground.value == 0 || process.session != session || process.group == foreground) return Status::kOk;
  ESC_TRY(core::SendSignalToGroup(process.group, {.signal = core::Signal::kTerminalInput}));
  return Status::kRestart;
}

Result<std::size_t> Terminal::Write(core::IoBuffer& buffer) {
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
  return ReadReady() ? core::Readiness::kReadable | core::Readiness::kWritable : core::Readiness::kWritable;
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
  if (group.value > 0) static_cast<void>(core::SendSignalToGroup(group, {.signal = core::Signal::kWindow}));
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

void Terminal::SetSession(Pid session) {
  SpinLockGuard guard(lock_);
  session_ = session;
  foreground_ = session;
}

}  // namespace esc::fs
