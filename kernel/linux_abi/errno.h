// Linux's error numbers, and the one place where a Status becomes one.
#pragma once

#include <cstdint>

#include "kernel/base/status.h"

namespace esc::linux_abi {

// asm-generic/errno-base.h and errno.h of Linux; errno_test.cc compares them with the host's.
enum class Errno : std::int16_t {
  kNone = 0,
  kPerm = 1,
  kNoEnt = 2,
  kSrch = 3,
  kIntr = 4,
  kIo = 5,
  kNoDevOrAddr = 6,
  kTooBig = 7,
  kNoExec = 8,
  kBadF = 9,
  kChild = 10,
  kAgain = 11,
  kNoMem = 12,
  kAcces = 13,
  kFault = 14,
  kBusy = 16,
  kExist = 17,
  kXDev = 18,
  kNoDev = 19,
  kNotDir = 20,
  kIsDir = 21,
  kInval = 22,
  kMFile = 24,
  kNotTty = 25,
  kFBig = 27,
  kNoSpc = 28,
  kSPipe = 29,
  kRoFs = 30,
  kPipe = 32,
  kRange = 34,
  kDeadLk = 35,
  kNameTooLong = 36,
  kNoLck = 37,
  kNoSys = 38,
  kNotEmpty = 39,
  kLoop = 40,
  kNoData = 61,
  kOverflow = 75,
  kNotSock = 88,
  kOpNotSupp = 95,
  kAfNoSupport = 97,
  kTimedOut = 110,
  // Never seen by a program: DeliverSignal and FinishInterruptedCall turn them into a restart or EINTR
  // (include/linux/errno.h).
  kRestartSys = 512,      // restarted, unless a handler without SA_RESTART runs
  kRestartNoHandler = 514,  // restarted only when no handler runs
  kRestartBlock = 516,    // as before, and the deadline of the first attempt holds
};

Errno ErrnoOf(Status status);

// What a system call answers: a value, or an error as a small negative number. One register wide.
class Answer {
 public:
  constexpr Answer(Status status)  // NOLINT: implicit, so that ESC_TRY and `return Status::k...` work
      : value_(status == Status::kOk ? 0 : FromStatus(status)) {}
  constexpr Answer(Errno error) : value_(-static_cast<std::int64_t>(error)) {}  // NOLINT: as above
  constexpr Answer(std::integral auto value) : value_(static_cast<std::int64_t>(value)) {}  // NOLINT: as above
  template <class T>
  constexpr Answer(const Result<T>& result)  // NOLINT: as above
      : value_(result.ok() ? static_cast<std::int64_t>(*result) : FromStatus(result.status())) {}

  constexpr std::int64_t value() const { return value_; }
  constexpr bool IsError() const { return value_ < 0 && value_ >= -4095; }
  constexpr bool Is(Errno error) const { return value_ == -static_cast<std::int64_t>(error); }

 private:
  static std::int64_t FromStatus(Status status) { return -static_cast<std::int64_t>(ErrnoOf(status)); }
  std::int64_t value_;
};

}  // namespace esc::linux_abi
