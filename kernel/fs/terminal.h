// The terminal on the serial console: line discipline (canonical and raw), echo, erase, kill, control characters
// that send signals to the foreground group.
//
// Input arrives by interrupt in OnInput; a line is handed to readers. Locking: one lock, rank kFile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/base/spin_lock.h"
#include "kernel/base/units.h"
#include "kernel/core/file.h"
#include "kernel/core/signal.h"
#include "kernel/core/wait_queue.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::fs {

class Node;

// termios in our own words; linux_abi translates.
struct TerminalSettings {
  // input
  bool carriage_return_to_newline = true;  // ICRNL
  bool newline_to_carriage_return = false; // INLCR
  bool ignore_carriage_return = false;     // IGNCR
  bool software_flow_control = false;      // IXON
  // output
  bool process_output = true;              // OPOST
  bool newline_to_crlf = true;             // ONLCR
  // local
  bool canonical = true;                   // ICANON
  bool echo = true;                        // ECHO
  bool echo_erase = true;                  // ECHOE
  bool echo_kill = true;                   // ECHOK
  bool echo_newline = false;               // ECHONL
  bool echo_control = true;                // ECHOCTL
  bool signals = true;                     // ISIG
  bool extended = true;                    // IEXTEN
  bool stop_background_output = false;     // TOSTOP
  bool no_flush = false;                   // NOFLSH
  // control characters, in the order of c_cc (VINTR VQUIT VERASE VKILL VEOF VTIME VMIN VSWTC VSTART VSTOP VSUSP VEOL
  // VREPRINT VDISCARD VWERASE VLNEXT VEOL2)
  std::array<std::uint8_t, 17> control = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0};
  // Bits of termios that we keep for the program and do not act on.
  std::uint32_t other_input = 0, other_output = 0, other_control = 0, other_local = 0;
  std::uint32_t input_speed = 115200, output_speed = 115200;
};

struct WindowSize {
  std::uint16_t rows = 24, columns = 80, x_pixels = 0, y_pixels = 0;
  bool operator==(const WindowSize&) const = default;
};

class Terminal {
 public:
  // From the console's interrupt: any context, interrupts off.
  void OnInput(char c);

  Result<std::size_t> Read(core::IoBuffer& buffer, bool non_blocking);
  Result<std::size_t> Write(core::IoBuffer& buffer);
  // Whether the running process may change the terminal now: as from the background it may not (POSIX 11.1.4). kRestart
  // after SIGTTOU to its group, kIoError in an orphaned group.
  Status CheckMayChange() { return CheckForeground(core::Signal::kTerminalOutput); }
  core::Readiness Poll();
  core::WaitQueue& poll_queue() { return changed_; }
  std::size_t Available();

  TerminalSettings settings();
  void SetSettings(const TerminalSettings& settings);
  void FlushInput();
  WindowSize window_size();
  void SetWindowSize(const WindowSize& size);  // SIGWINCH to the foreground group when it changed

  Pid foreground_group();
  void SetForegroundGroup(Pid group);
  Pid session();
  // The session has lost its leader: the terminal is free, and its foreground group is told by SIGHUP and SIGCONT.
  void EndSession(Pid session);
  void SetSession(Pid session);  // 0: released

 private:
  static constexpr std::size_t kInputBytes = 4096;
  void Echo(char c) ESC_REQUIRES(lock_);
  void EchoText(std::string_view text) ESC_REQUIRES(lock_);
  bool IsEndOfLine(char c) const ESC_REQUIRES(lock_);
  void Accept(char c) ESC_REQUIRES(lock_);
  bool HandleEditing(char c) ESC_REQUIRES(lock_);
  void Store(char c) ESC_REQUIRES(lock_);
  void EraseOne() ESC_REQUIRES(lock_);
  bool ReadReady(std::size_t wanted) const ESC_REQUIRES(lock_);
  Nanos ReadDeadline(Nanos started) const ESC_REQUIRES(lock_);
  Status WaitForInput(std::size_t wanted, bool non_blocking) ESC_REQUIRES(lock_);
  std::size_t Take(char* to, std::size_t most, bool& line_ended) ESC_REQUIRES(lock_);
  Status CheckForeground(core::Signal signal);

  SpinLock lock_{LockRank::kFile};
  TerminalSettings settings_ ESC_GUARDED_BY(lock_);
  WindowSize window_ ESC_GUARDED_BY(lock_);
  // A ring: [read_, line_) is for readers, [line_, write_) is the line being edited (canonical).
  std::array<char, kInputBytes> input_ ESC_GUARDED_BY(lock_){};
  std::size_t read_ ESC_GUARDED_BY(lock_) = 0, line_ ESC_GUARDED_BY(lock_) = 0, write_ ESC_GUARDED_BY(lock_) = 0;
  Pid foreground_ ESC_GUARDED_BY(lock_){};
  Pid session_ ESC_GUARDED_BY(lock_){};
  Nanos last_input_ ESC_GUARDED_BY(lock_){};  // when the last byte came (VTIME)
  core::WaitQueue changed_;
};

// The one terminal of this machine, behind /dev/console, /dev/tty and /dev/ttyS0.
Terminal& ConsoleTerminal();

}  // namespace esc::fs
