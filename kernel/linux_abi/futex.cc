#include "kernel/linux_abi/futex.h"

#include <algorithm>
#include <limits>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/paging.h"
#include "kernel/core/park.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/clocks.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/futex_table.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/state.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

constexpr int kMaxRobustEntries = 2048;  // ROBUST_LIST_LIMIT: a list may be a ring

// Private futexes are known by address. Others too, unless their page is shared with other address spaces: then the
// frame names it. So a private and a shared operation meet on one word of private memory.
Result<FutexKey> KeyOf(VirtAddr word, std::uint32_t operation) {
  if (word.value % 4 != 0) return Status::kInvalidArgument;
  if (word < arch::kUserBase || word >= arch::kUserEnd) return Status::kFault;
  const mm::RefPtr<mm::AddressSpace> memory = CurrentMemory();
  if ((operation & kFutexPrivate) == 0) {
    ESC_TRY(mm::ReadUser<std::uint32_t>(word));  // a page that is there has a frame
    const Result<PhysAddr> shared = memory->SharedAddress(word);
    if (shared.ok()) return FutexKey{.space = nullptr, .word = shared->value};
  }
  return FutexKey{.space = memory.get(), .word = word.value};
}

Answer Wait(VirtAddr word, std::uint32_t operation, std::uint32_t expected, Nanos deadline, std::uint32_t bits) {
  if (bits == 0) return Status::kInvalidArgument;
  const FutexKey key = ESC_TRY(KeyOf(word, operation));
  core::PreparePark();
  FutexWaiter waiter(GlobalState().futexes, key, bits, core::CurrentThread());
  // Linked before the word is read: see futex_table.h.
  const Result<std::uint32_t> seen = mm::ReadUser<std::uint32_t>(word);
  if (!seen.ok()) return seen.status();
  if (*seen != expected) return waiter.woken() ? Answer(0) : Answer(Errno::kAgain);
  while (true) {
    const Status parked = core::Park(core::Interruptible::kYes, deadline);
    if (waiter.woken()) return 0;
    if (parked == Status::kTimedOut) return Status::kTimedOut;
    if (parked == Status::kInterrupted)
      return deadline == Nanos::Max() ? Answer(Errno::kRestartSys) : InterruptedUntil(deadline);
  }
}

// FUTEX_WAIT's timeout is relative, FUTEX_WAIT_BITSET's a point of the monotonic or the real clock.
Result<Nanos> DeadlineOf(std::uint32_t operation, std::uint64_t timeout) {
  if (timeout == 0) return Nanos::Max();
  const Nanos time = ESC_TRY(NanosOf(ESC_TRY(mm::ReadUser<TimeSpec>({timeout}))));
  if ((operation & kFutexCommandMask) == kFutexWait) return DeadlineOfCall(time);
  if (time == Nanos::Max() || (operation & kFutexRealClock) == 0) return time;
  return Nanos{std::max<std::int64_t>(0, (time - arch::WallClockAtBoot()).value)};
}

Answer Requeue(VirtAddr from, VirtAddr to, std::uint32_t operation, std::uint32_t wake, std::uint32_t move,
               const std::uint32_t* expected) {
  if (static_cast<std::int32_t>(wake) < 0 || static_cast<std::int32_t>(move) < 0) return Status::kInvalidArgument;
  const FutexKey from_key = ESC_TRY(KeyOf(from, operation));
  const FutexKey to_key = ESC_TRY(KeyOf(to, operation));
  if (expected != nullptr && ESC_TRY(mm::ReadUser<std::uint32_t>(from)) != *expected) return Errno::kAgain;
  return GlobalState().futexes.Requeue(from_key, to_key, wake, move);
}

// FUTEX_WAKE_OP's little program: changes the second word and says whether its waiters are woken too.
struct WakeProgram {
  std::uint32_t operation, compare, operand, against;
  explicit WakeProgram(std::uint32_t code)
      : operation(code >> 28),
        compare(code >> 24 & 15),
        operand(SignExtend(code >> 12 & 0xfff)),
        against(SignExtend(code & 0xfff)) {
    if ((operation & 8) != 0) operand = 1u << (operand & 31);
    operation &= 7;
  }
  static std::uint32_t SignExtend(std::uint32_t twelve) { return (twelve ^ 0x800) - 0x800; }
  Result<std::uint32_t> Apply(std::uint32_t old) const {
    switch (operation) {
      case 0: return operand;
      case 1: return old + operand;
      case 2: return old | operand;
      case 3: return old & ~operand;
      case 4: return old ^ operand;
      default: return Status::kNotImplemented;
    }
  }
  Result<bool> Compare(std::uint32_t old) const {
    const auto a = static_cast<std::int32_t>(old), b = static_cast<std::int32_t>(against);
    switch (compare) {
      case 0: return a == b;
      case 1: return a != b;
      case 2: return a < b;
      case 3: return a <= b;
      case 4: return a > b;
      case 5: return a >= b;
      default: return Status::kNotImplemented;
    }
  }
};

Answer WakeAndChange(VirtAddr word, VirtAddr word2, std::uint32_t operation, std::uint32_t wake, std::uint32_t wake2,
                     std::uint32_t code) {
  const FutexKey key = ESC_TRY(KeyOf(word, operation)), key2 = ESC_TRY(KeyOf(word2, operation));
  const WakeProgram program(code);
  std::uint32_t old = ESC_TRY(mm::ReadUser<std::uint32_t>(word2));
  while (true) {
    const std::uint32_t wanted = ESC_TRY(program.Apply(old));
    const std::uint32_t seen = ESC_TRY(arch::CompareExchangeUser(word2, old, wanted));
    if (seen == old) break;
    old = seen;
  }
  const bool second = ESC_TRY(program.Compare(old));
  FutexTable& futexes = GlobalState().futexes;
  std::uint64_t woken = futexes.Wake(key, kFutexAllBits, wake);
  if (second) woken += futexes.Wake(key2, kFutexAllBits, wake2);
  return woken;
}

// One robust lock of a dead owner: mark it, wake one waiter.
Status OwnerDied(VirtAddr word, Tid owner) {
  std::uint32_t value = ESC_TRY(mm::ReadUser<std::uint32_t>(word));
  while ((value & kFutexTidMask) == static_cast<std::uint32_t>(owner.value)) {
    const std::uint32_t wanted = (value & kFutexWaiters) | kFutexOwnerDied;
    const std::uint32_t seen = ESC_TRY(arch::CompareExchangeUser(word, value, wanted));
    if (seen != value) {
      value = seen;
      continue;
    }
    if ((value & kFutexWaiters) != 0) GlobalState().futexes.Wake(ESC_TRY(KeyOf(word, 0)), kFutexAllBits, 1);
    break;
  }
  return Status::kOk;
}

Status WalkRobustList(VirtAddr head_at, Tid owner) {
  const RobustListHead head = ESC_TRY(mm::ReadUser<RobustListHead>(head_at));
  const auto word_of = [&](std::uint64_t entry) {
    return VirtAddr{(entry & ~std::uint64_t{1}) + static_cast<std::uint64_t>(head.futex_offset)};
  };
  std::uint64_t entry = head.next;
  for (int i = 0; i < kMaxRobustEntries && (entry & ~std::uint64_t{1}) != head_at.value; ++i) {
    const std::uint64_t next = ESC_TRY(mm::ReadUser<std::uint64_t>({entry & ~std::uint64_t{1}}));
    if (entry != head.pending) ESC_TRY(OwnerDied(word_of(entry), owner));
    entry = next;
  }
  return head.pending == 0 ? Status::kOk : OwnerDied(word_of(head.pending), owner);
}

}  // namespace

Answer Futex(VirtAddr word, std::uint32_t operation, std::uint32_t value, std::uint64_t timeout, VirtAddr word2,
             std::uint32_t value3) {
  const auto second = static_cast<std::uint32_t>(timeout);  // the operations without a timeout have a number there
  switch (operation & kFutexCommandMask) {
    case kFutexWait: return Wait(word, operation, value, ESC_TRY(DeadlineOf(operation, timeout)), kFutexAllBits);
    case kFutexWaitBits: return Wait(word, operation, value, ESC_TRY(DeadlineOf(operation, timeout)), value3);
    case kFutexWake:
      return GlobalState().futexes.Wake(ESC_TRY(KeyOf(word, operation)), kFutexAllBits, std::max(value, 1u));
    case kFutexWakeBits:
      if (value3 == 0) return Status::kInvalidArgument;
      return GlobalState().futexes.Wake(ESC_TRY(KeyOf(word, operation)), value3, std::max(value, 1u));
    case kFutexRequeue: return Requeue(word, word2, operation, value, second, nullptr);
    case kFutexCompareRequeue: return Requeue(word, word2, operation, value, second, &value3);
    case kFutexWakeOp: return WakeAndChange(word, word2, operation, value, second, value3);
    default: return Status::kNotImplemented;  // priority inheritance comes with its mutexes
  }
}

Answer SetRobustList(VirtAddr head, std::uint64_t bytes) {
  if (bytes != sizeof(RobustListHead)) return Status::kInvalidArgument;
  core::CurrentThread().robust_list = head.value;
  return 0;
}

Answer GetRobustList(int tid, VirtAddr head, VirtAddr bytes) {
  const mm::RefPtr<core::Thread> thread =
      tid == 0 ? mm::RefPtr<core::Thread>(&core::CurrentThread()) : FindThread({tid});
  if (!thread) return Status::kNoSuchProcess;
  ESC_TRY(mm::WriteUser(bytes, std::uint64_t{sizeof(RobustListHead)}));
  return mm::WriteUser(head, thread->robust_list);
}

void ReleaseFutexesOf(core::Thread& thread) {
  if (thread.robust_list != 0) {
    // A list that is not readable ends here, as on Linux.
    (void)WalkRobustList({thread.robust_list}, thread.tid());
    thread.robust_list = 0;
  }
  if (thread.clear_child_tid.value == 0) return;
  const VirtAddr word = thread.clear_child_tid;
  thread.clear_child_tid = {};
  if (!Ok(mm::WriteUser(word, std::uint32_t{0}))) return;
  const Result<FutexKey> key = KeyOf(word, 0);
  if (key.ok()) GlobalState().futexes.Wake(*key, kFutexAllBits, 1);
}

}  // namespace esc::linux_abi
