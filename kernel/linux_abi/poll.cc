#include "kernel/linux_abi/poll.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <span>

#include "kernel/arch_api/clock.h"
#include "kernel/core/file.h"
#include "kernel/core/park.h"
#include "kernel/core/wait_queue.h"
#include "kernel/linux_abi/clocks.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/signals.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

using core::Readiness;

bool Has(Readiness set, Readiness bit) { return (set & bit) != Readiness::kNone; }

// The files of one poll, and a place in each one's wait queue while it waits. One heap block an array.
class PollSet {
 public:
  explicit PollSet(std::size_t count) : count_(count) {}
  ~PollSet() {
    Unlink();
    for (std::size_t i = 0; files_ != nullptr && i < count_; ++i) files_[i].~FileRef();
    mm::Free(files_);
    mm::Free(waiters_);
    mm::Free(descriptors_);
  }
  PollSet(const PollSet&) = delete;
  PollSet& operator=(const PollSet&) = delete;

  Status Allocate() {
    if (count_ == 0) return Status::kOk;
    descriptors_ = static_cast<PollDescriptor*>(mm::Allocate(count_ * sizeof(PollDescriptor)));
    waiters_ = static_cast<core::Waiter*>(mm::Allocate(count_ * sizeof(core::Waiter), alignof(core::Waiter)));
    if (descriptors_ == nullptr || waiters_ == nullptr) return Status::kNoMemory;
    files_ = static_cast<FileRef*>(mm::Allocate(count_ * sizeof(FileRef)));
    if (files_ == nullptr) return Status::kNoMemory;
    for (std::size_t i = 0; i < count_; ++i) new (&files_[i]) FileRef();
    return Status::kOk;
  }
  std::span<PollDescriptor> descriptors() { return {descriptors_, count_}; }

  void Open() {
    const mm::RefPtr<core::DescriptorTable> table = CurrentDescriptors();
    for (std::size_t i = 0; i < count_; ++i) {
      if (descriptors_[i].descriptor < 0) continue;
      Result<FileRef> file = table->Get(descriptors_[i].descriptor);
      if (file.ok()) files_[i] = std::move(*file);
    }
  }
  void Link() {
    for (std::size_t i = 0; i < count_; ++i) {
      core::WaitQueue* queue = files_[i] ? files_[i]->PollQueue() : nullptr;
      if (queue != nullptr) new (&waiters_[linked_++]) core::Waiter(*queue);
    }
  }
  void Unlink() {
    while (linked_ != 0) waiters_[--linked_].~Waiter();
  }
  // How many have something to tell.
  std::uint64_t Look() {
    std::uint64_t ready = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      PollDescriptor& one = descriptors_[i];
      one.returned = 0;
      if (one.descriptor < 0) continue;
      if (!files_[i]) {
        one.returned = kPollInvalid;
      } else {
        one.returned = PollEventsOf(files_[i]->Poll()) & (one.events | kPollError | kPollHangUp);
      }
      ready += one.returned != 0;
    }
    return ready;
  }

 private:
  using FileRef = mm::RefPtr<core::File>;
  const std::size_t count_;
  PollDescriptor* descriptors_ = nullptr;
  FileRef* files_ = nullptr;
  core::Waiter* waiters_ = nullptr;
  std::size_t linked_ = 0;
};

// How many are ready; 0 at the deadline; kInterrupted.
Result<std::uint64_t> WaitFor(PollSet& set, Nanos deadline) {
  set.Open();
  while (true) {
    std::uint64_t ready = set.Look();
    if (ready != 0 || deadline <= arch::Now()) return ready;
    core::PreparePark();
    set.Link();
    // Linked first: what becomes ready from here on wakes us.
    ready = set.Look();
    const Status parked = ready != 0 ? Status::kOk : core::Park(core::Interruptible::kYes, deadline);
    set.Unlink();
    if (ready != 0) return ready;
    if (parked == Status::kInterrupted) {
      ready = set.Look();
      if (ready != 0) return ready;
      return Status::kInterrupted;
    }
  }
}

Answer PollUntil(VirtAddr at, std::uint32_t count, Nanos deadline, Errno when_interrupted) {
  if (count > static_cast<std::uint32_t>(core::DescriptorTable::kMaxDescriptors)) return Status::kInvalidArgument;
  PollSet set(count);
  ESC_TRY(set.Allocate());
  if (count != 0) ESC_TRY(mm::CopyFromUser(set.descriptors().data(), at, count * sizeof(PollDescriptor)));
  const Result<std::uint64_t> ready = WaitFor(set, deadline);
  if (!ready.ok()) {
    if (when_interrupted == Errno::kRestartBlock && deadline != Nanos::Max()) return InterruptedUntil(deadline);
    return when_interrupted == Errno::kRestartBlock ? Errno::kRestartNoHandler : when_interrupted;
  }
  if (count != 0) ESC_TRY(mm::CopyToUser(at, set.descriptors().data(), count * sizeof(PollDescriptor)));
  return *ready;
}

// The three bit sets of select.
class SelectSets {
 public:
  static constexpr std::size_t kWords = kMaxSelect / 64;
  Status Read(int count, const VirtAddr (&at)[3]) {
    words_ = static_cast<std::size_t>(count + 63) / 64;
    for (int set = 0; set < 3; ++set) {
      if (at[set].value != 0) ESC_TRY(mm::CopyFromUser(bits_[set], at[set], words_ * 8));
    }
    return Status::kOk;
  }
  Status Write(const VirtAddr (&at)[3]) const {
    for (int set = 0; set < 3; ++set) {
      if (at[set].value != 0) ESC_TRY(mm::CopyToUser(at[set], bits_[set], words_ * 8));
    }
    return Status::kOk;
  }
  bool Get(int set, int descriptor) const { return (bits_[set][descriptor / 64] >> (descriptor % 64) & 1) != 0; }
  void Put(int set, int descriptor) { bits_[set][descriptor / 64] |= std::uint64_t{1} << (descriptor % 64); }
  void Clear() { std::memset(bits_, 0, sizeof(bits_)); }

 private:
  std::uint64_t bits_[3][kWords] = {};
  std::size_t words_ = 0;
};

constexpr std::uint16_t kSelectEvents[3] = {kPollIn | kPollReadNormal | kPollHangUp | kPollError,
                                            kPollOut | kPollWriteNormal | kPollError, kPollPriority};

Answer SelectUntil(int count, const VirtAddr (&at)[3], Nanos deadline) {
  if (count < 0) return Status::kInvalidArgument;
  count = std::min(count, kMaxSelect);
  SelectSets sets;
  ESC_TRY(sets.Read(count, at));
  PollSet polls(static_cast<std::size_t>(count));
  ESC_TRY(polls.Allocate());
  const mm::RefPtr<core::DescriptorTable> table = CurrentDescriptors();
  for (int fd = 0; fd < count; ++fd) {
    std::uint16_t events = 0;
    for (int set = 0; set < 3; ++set) events |= sets.Get(set, fd) ? kSelectEvents[set] : 0;
    if (events != 0) ESC_TRY(table->Get(fd));  // a closed descriptor is EBADF, not an event
    polls.descriptors()[static_cast<std::size_t>(fd)] = {.descriptor = events != 0 ? fd : -1, .events = events, .returned = 0};
  }
  const Result<std::uint64_t> ready = WaitFor(polls, deadline);
  if (!ready.ok()) return Errno::kRestartNoHandler;
  SelectSets found = sets;
  found.Clear();
  std::uint64_t bits = 0;
  for (int fd = 0; fd < count; ++fd) {
    const std::uint16_t events = polls.descriptors()[static_cast<std::size_t>(fd)].returned;
    for (int set = 0; set < 3; ++set) {
      if (!sets.Get(set, fd) || (events & kSelectEvents[set]) == 0) continue;
      found.Put(set, fd);
      ++bits;
    }
  }
  ESC_TRY(found.Write(at));
  return bits;
}

// The rest of the time goes back to the program, as Linux does for ppoll, select and pselect.
Status WriteRestSpec(VirtAddr at, Nanos deadline) {
  if (at.value == 0) return Status::kOk;
  return mm::WriteUser(at, TimeSpecOf(Nanos{std::max<std::int64_t>(0, (deadline - arch::Now()).value)}));
}

Status WriteRestValue(VirtAddr at, Nanos deadline) {
  if (at.value == 0) return Status::kOk;
  return mm::WriteUser(at, TimeValueOf(Nanos{std::max<std::int64_t>(0, (deadline - arch::Now()).value)}));
}

Result<Nanos> DeadlineFrom(VirtAddr timeout) {
  if (timeout.value == 0) return Nanos::Max();
  return After(ESC_TRY(NanosOf(ESC_TRY(mm::ReadUser<TimeSpec>(timeout)))));
}

// The mask of a wait goes when no handler has taken it over; for an interrupted one the return path restores it.
void EndMaskedWait(const Answer& answer) {
  if (!answer.Is(Errno::kRestartNoHandler)) RestoreMask();
}

}  // namespace

std::uint16_t PollEventsOf(Readiness ready) {
  std::uint16_t events = 0;
  if (Has(ready, Readiness::kReadable)) events |= kPollIn | kPollReadNormal;
  if (Has(ready, Readiness::kWritable)) events |= kPollOut | kPollWriteNormal;
  if (Has(ready, Readiness::kHangUp)) events |= kPollHangUp;
  if (Has(ready, Readiness::kError)) events |= kPollError;
  return events;
}

Answer Poll(VirtAddr descriptors, std::uint32_t count, int timeout_ms) {
  const Nanos deadline = timeout_ms < 0 ? Nanos::Max() : DeadlineOfCall(Nanos::Millis(timeout_ms));
  return PollUntil(descriptors, count, deadline, Errno::kRestartBlock);
}

Answer PollWithMask(VirtAddr descriptors, std::uint32_t count, VirtAddr timeout, VirtAddr mask, std::uint64_t set_bytes) {
  const Nanos deadline = ESC_TRY(DeadlineFrom(timeout));
  if (mask.value != 0) ESC_TRY(SwapMaskFor(mask, set_bytes));
  const Answer answer = PollUntil(descriptors, count, deadline, Errno::kRestartNoHandler);
  if (mask.value != 0) EndMaskedWait(answer);
  ESC_TRY(WriteRestSpec(timeout, deadline));
  return answer;
}

Answer Select(int count, VirtAddr readable, VirtAddr writable, VirtAddr exceptional, VirtAddr timeout) {
  Nanos deadline = Nanos::Max();
  if (timeout.value != 0) {
    // Microseconds past a second are carried over here, unlike elsewhere (select(2) on Linux).
    TimeValue time = ESC_TRY(mm::ReadUser<TimeValue>(timeout));
    if (time.microseconds >= 1'000'000) {
      time.seconds += time.microseconds / 1'000'000;
      time.microseconds %= 1'000'000;
    }
    deadline = After(ESC_TRY(NanosOf(time)));
  }
  const Answer answer = SelectUntil(count, {readable, writable, exceptional}, deadline);
  ESC_TRY(WriteRestValue(timeout, deadline));
  return answer;
}

Answer SelectWithMask(int count, VirtAddr readable, VirtAddr writable, VirtAddr exceptional, VirtAddr timeout, VirtAddr mask_at) {
  struct MaskArgument {
    std::uint64_t mask, bytes;
  } mask{};
  if (mask_at.value != 0) mask = ESC_TRY(mm::ReadUser<MaskArgument>(mask_at));
  const Nanos deadline = ESC_TRY(DeadlineFrom(timeout));
  if (mask.mask != 0) ESC_TRY(SwapMaskFor({mask.mask}, mask.bytes));
  const Answer answer = SelectUntil(count, {readable, writable, exceptional}, deadline);
  if (mask.mask != 0) EndMaskedWait(answer);
  ESC_TRY(WriteRestSpec(timeout, deadline));
  return answer;
}

}  // namespace esc::linux_abi
