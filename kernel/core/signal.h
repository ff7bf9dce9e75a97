// Signals: numbers, sets, dispositions, pending queues. Who may send, frames and errno are linux_abi's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/base/units.h"

namespace esc::core {

// POSIX's names; the numbers are those of the one user ABI that we have (linux_abi asserts them).
enum class Signal : std::uint8_t {
  kNone = 0, kHangUp = 1, kInterrupt = 2, kQuit = 3, kIllegal = 4, kTrap = 5, kAbort = 6, kBus = 7, kFloatingPoint = 8,
  kKill = 9, kUser1 = 10, kSegmentation = 11, kUser2 = 12, kPipe = 13, kAlarm = 14, kTerminate = 15, kStackFault = 16,
  kChild = 17, kContinue = 18, kStop = 19, kTerminalStop = 20, kTerminalInput = 21, kTerminalOutput = 22, kUrgent = 23,
  kCpuLimit = 24, kFileLimit = 25, kVirtualAlarm = 26, kProfile = 27, kWindow = 28, kPoll = 29, kPower = 30, kSystem = 31,
  kFirstRealTime = 32, kLast = 64,
};

// Bit n-1 for signal n, as sigset_t.
class SignalSet {
 public:
  constexpr SignalSet() = default;
  explicit constexpr SignalSet(std::uint64_t bits) : bits_(bits) {}
  constexpr bool Contains(Signal s) const { return s != Signal::kNone && (bits_ >> (static_cast<unsigned>(s) - 1) & 1) != 0; }
  constexpr void Add(Signal s) { bits_ |= std::uint64_t{1} << (static_cast<unsigned>(s) - 1); }
  constexpr void Remove(Signal s) { bits_ &= ~(std::uint64_t{1} << (static_cast<unsigned>(s) - 1)); }
  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool operator==(const SignalSet&) const = default;

 private:
  std::uint64_t bits_ = 0;
};

// Why a signal was sent: what siginfo_t tells. `code` is the ABI's si_code.
struct SignalInfo {
  Signal signal = Signal::kNone;
  std::int32_t code = 0;
  Pid sender{};
  std::uint32_t sender_uid = 0;
  std::int32_t status = 0;    // kChild: exit status
  std::uint64_t address = 0;  // faults
};

// What the process does about a signal. Handler 0 is the default, 1 is ignore (SIG_DFL, SIG_IGN).
struct SignalAction {
  std::uint64_t handler = 0;
  std::uint64_t flags = 0;     // the ABI's SA_* bits, opaque to core but for the ones below
  std::uint64_t restorer = 0;
  SignalSet mask;
};
inline constexpr std::uint64_t kDefaultHandler = 0;
inline constexpr std::uint64_t kIgnoreHandler = 1;

// The bits of SignalAction::flags that core acts on, with the values of Linux's SA_* (asm/signal.h).
inline constexpr std::uint64_t kNoChildStop = 0x1;           // SA_NOCLDSTOP
inline constexpr std::uint64_t kNoChildWait = 0x2;           // SA_NOCLDWAIT
inline constexpr std::uint64_t kNoDefer = 0x4000'0000;       // SA_NODEFER
inline constexpr std::uint64_t kResetHandler = 0x8000'0000;  // SA_RESETHAND

enum class DefaultAction : std::uint8_t { kTerminate, kCore, kIgnore, kStop, kContinue };
DefaultAction DefaultActionOf(Signal signal);

}  // namespace esc::core
