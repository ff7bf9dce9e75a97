#include "kernel/linux_abi/event_files.h"

#include <algorithm>

#include "kernel/arch_api/clock.h"
#include "kernel/base/spin_lock.h"
#include "kernel/core/timer.h"
#include "kernel/core/wait_queue.h"
#include "kernel/fs/anonymous_node.h"
#include "kernel/linux_abi/clocks.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

constexpr std::uint64_t kMostCount = ~std::uint64_t{0} - 1;
constexpr std::uint32_t kCommonFlags = kOpenCloseOnExec | kOpenNonBlock;

class EventFile final : public fs::OpenFile {
 public:
  EventFile(core::OpenMode mode, mm::RefPtr<fs::Node> node, std::uint64_t count, bool semaphore)
      : OpenFile(mode, std::move(node)), semaphore_(semaphore), count_(count) {}

  Result<std::size_t> Read(core::IoBuffer buffer) override {
    if (buffer.remaining() < sizeof(std::uint64_t)) return Status::kInvalidArgument;
    const std::uint64_t taken = ESC_TRY(Take());
    changed_.WakeAll();
    ESC_TRY(buffer.CopyOut(&taken, sizeof(taken)));
    return sizeof(taken);
  }
  Result<std::size_t> Write(core::IoBuffer buffer) override {
    std::uint64_t added = 0;
    if (buffer.remaining() < sizeof(added)) return Status::kInvalidArgument;
    ESC_TRY(buffer.CopyIn(&added, sizeof(added)));
    if (added > kMostCount) return Status::kInvalidArgument;
    ESC_TRY(Put(added));
    changed_.WakeAll();
    return sizeof(added);
  }
  core::Readiness Poll() override {
    SpinLockGuard guard(lock_);
    core::Readiness ready = core::Readiness::kNone;
    if (count_ != 0) ready = ready | core::Readiness::kReadable;
    if (count_ < kMostCount) ready = ready | core::Readiness::kWritable;
    return ready;
  }
  core::WaitQueue* PollQueue() override { return &changed_; }

 private:
  Result<std::uint64_t> Take() {
    SpinLockGuard guard(lock_);
    while (count_ == 0) {
      if (mode().non_blocking) return Status::kWouldBlock;
      ESC_TRY(changed_.Wait(lock_, core::Interruptible::kYes));
    }
    const std::uint64_t taken = semaphore_ ? 1 : count_;
    count_ -= taken;
    return taken;
  }
  Status Put(std::uint64_t added) {
    SpinLockGuard guard(lock_);
    while (added > kMostCount - count_) {
      if (mode().non_blocking) return Status::kWouldBlock;
      ESC_TRY(changed_.Wait(lock_, core::Interruptible::kYes));
    }
    count_ += added;
    return Status::kOk;
  }

  const bool semaphore_;
  SpinLock lock_{LockRank::kFile};
  std::uint64_t count_ ESC_GUARDED_BY(lock_);
  core::WaitQueue changed_;
};

// A timer whose expirations are counted when they are read: the interrupt does no more than to wake.
class TimerFile final : public fs::OpenFile, private core::Timer {
 public:
  TimerFile(core::OpenMode mode, mm::RefPtr<fs::Node> node, int clock)
      : OpenFile(mode, std::move(node)), core::Timer(Fire), clock_(clock) {}
  ~TimerFile() override { Cancel(); }

  Result<std::size_t> Read(core::IoBuffer buffer) override {
    if (buffer.remaining() < sizeof(std::uint64_t)) return Status::kInvalidArgument;
    const std::uint64_t expired = ESC_TRY(Take());
    ESC_TRY(buffer.CopyOut(&expired, sizeof(expired)));
    return sizeof(expired);
  }
  Result<std::size_t> Write(core::IoBuffer) override { return Status::kInvalidArgument; }
  core::Readiness Poll() override {
    SpinLockGuard guard(lock_);
    return Due() ? core::Readiness::kReadable : core::Readiness::kNone;
  }
  core::WaitQueue* PollQueue() override { return &changed_; }
  bool IsTimer() const override { return true; }
  int clock() const { return clock_; }

  // `first` 0: disarmed.
  void Set(Nanos first, Nanos interval) {
    SpinLockGuard guard(lock_);
    Cancel();
    next_ = first;
    interval_ = interval;
    if (next_.value != 0) Start(next_);
  }
  IntervalTimerSpec Get() {
    SpinLockGuard guard(lock_);
    if (next_.value == 0) return {TimeSpecOf(interval_), {}};
    Nanos left = next_ - arch::Now();
    if (left.value <= 0) left = interval_.value == 0 ? Nanos{} : Nanos{interval_.value - (-left.value) % interval_.value};
    return {TimeSpecOf(interval_), TimeSpecOf(left)};
  }

 private:
  static void Fire(core::Timer& timer) { static_cast<TimerFile&>(timer).changed_.WakeAll(); }
  bool Due() const ESC_REQUIRES(lock_) { return next_.value != 0 && next_ <= arch::Now(); }
  Result<std::uint64_t> Take() {
    SpinLockGuard guard(lock_);
    while (!Due()) {
      if (mode().non_blocking) return Status::kWouldBlock;
      ESC_TRY(changed_.Wait(lock_, core::Interruptible::kYes));
    }
    if (interval_.value == 0) {
      next_ = {};
      return std::uint64_t{1};
    }
    const std::int64_t expired = 1 + (arch::Now() - next_).value / interval_.value;
    next_ = next_ + Nanos{expired * interval_.value};
    Start(next_);
    return static_cast<std::uint64_t>(expired);
  }

  const int clock_;
  SpinLock lock_{LockRank::kFile};
  Nanos next_ ESC_GUARDED_BY(lock_){}, interval_ ESC_GUARDED_BY(lock_){};
  core::WaitQueue changed_;
};

core::CloseOnExec CloseOnExecOf(std::uint32_t flags) {
  return (flags & kOpenCloseOnExec) != 0 ? core::CloseOnExec::kYes : core::CloseOnExec::kNo;
}

Result<mm::RefPtr<TimerFile>> TimerOf(int descriptor) {
  mm::RefPtr<core::File> file = ESC_TRY(FileOf(descriptor));
  if (!fs::AsOpenFile(*file).IsTimer()) return Status::kInvalidArgument;
  return mm::RefPtr<TimerFile>(static_cast<TimerFile*>(file.get()));
}

}  // namespace

Answer MakeEvent2(std::uint32_t count, std::uint32_t flags) {
  if ((flags & ~(kCommonFlags | kEventSemaphore)) != 0) return Status::kInvalidArgument;
  const core::OpenMode mode{.readable = true, .writable = true, .non_blocking = (flags & kOpenNonBlock) != 0};
  const bool semaphore = (flags & kEventSemaphore) != 0;
  const auto file = ESC_TRY(mm::MakeRef<EventFile>(mode, ESC_TRY(fs::AnonymousNode::Create()), count, semaphore));
  return CurrentDescriptors()->Add(file, CloseOnExecOf(flags));
}

Answer MakeEvent(std::uint32_t count) { return MakeEvent2(count, 0); }

Answer MakeTimer(int clock, std::uint32_t flags) {
  if (clock != kClockReal && clock != kClockMonotonic && clock != kClockBoot) return Status::kInvalidArgument;
  if ((flags & ~kCommonFlags) != 0) return Status::kInvalidArgument;
  const core::OpenMode mode{.readable = true, .writable = true, .non_blocking = (flags & kOpenNonBlock) != 0};
  const auto file = ESC_TRY(mm::MakeRef<TimerFile>(mode, ESC_TRY(fs::AnonymousNode::Create()), clock));
  return CurrentDescriptors()->Add(file, CloseOnExecOf(flags));
}

Answer SetTimerFile(int descriptor, std::uint32_t flags, VirtAddr value_at, VirtAddr old_at) {
  if ((flags & ~(kTimerAbsolute | kTimerCancelOnSet)) != 0) return Status::kInvalidArgument;
  const auto wanted = ESC_TRY(mm::ReadUser<IntervalTimerSpec>(value_at));
  const Nanos value = ESC_TRY(NanosOf(wanted.value)), interval = ESC_TRY(NanosOf(wanted.interval));
  const mm::RefPtr<TimerFile> timer = ESC_TRY(TimerOf(descriptor));
  const IntervalTimerSpec old = timer->Get();
  const bool absolute = (flags & kTimerAbsolute) != 0;
  timer->Set(value.value == 0 ? Nanos{} : FirstDeadline(timer->clock(), absolute, value), interval);
  return old_at.value == 0 ? Answer(0) : Answer(mm::WriteUser(old_at, old));
}

Answer GetTimerFile(int descriptor, VirtAddr out) { return mm::WriteUser(out, ESC_TRY(TimerOf(descriptor))->Get()); }

}  // namespace esc::linux_abi
