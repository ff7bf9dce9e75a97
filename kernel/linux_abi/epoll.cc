#include "kernel/linux_abi/epoll.h"

#include <algorithm>
#include <limits>
#include <new>

#include "kernel/arch_api/clock.h"
#include "kernel/core/descriptor_table.h"
#include "kernel/core/park.h"
#include "kernel/core/wait_queue.h"
#include "kernel/fs/anonymous_node.h"
#include "kernel/linux_abi/clocks.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/epolls.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/poll.h"
#include "kernel/linux_abi/signals.h"
#include "kernel/linux_abi/state.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

constexpr std::size_t kEventsAtOnce = 64;

struct InterestTag {};

// One file under one descriptor. It holds the file, which leaves when its last descriptor is closed (Forget).
struct Interest : ListHook<InterestTag> {
  int descriptor = -1;
  mm::RefPtr<core::File> file;
  EpollEvent wanted{};
  bool disarmed = false;           // EPOLLONESHOT has told its event
  bool told = false;               // an edge was told since the interest was set,
  std::uint32_t told_at = 0;       // when the file's queue had been woken so often
};

struct Waiting {
  explicit Waiting(mm::RefPtr<core::File> watched) : file(std::move(watched)), waiter(*file->PollQueue()) {}
  mm::RefPtr<core::File> file;  // the queue is the file's
  core::Waiter waiter;
};

class EpollFile final : public fs::OpenFile, public EpollInstance {
 public:
  explicit EpollFile(mm::RefPtr<fs::Node> node) : OpenFile({.readable = true, .writable = true}, std::move(node)) {
    core::MutexGuard guard(All().mutex);
    All().list.push_back(*this);
  }
  ~EpollFile() override {
    core::MutexGuard guard(All().mutex);
    All().list.remove(*this);
    while (Interest* interest = interests_.pop_front()) mm::HeapDeleter{}(interest);
  }

  Result<std::size_t> Read(core::IoBuffer) override { return Status::kInvalidArgument; }
  Result<std::size_t> Write(core::IoBuffer) override { return Status::kInvalidArgument; }
  core::Readiness Poll() override;
  core::WaitQueue* PollQueue() override { return &changed_; }
  bool IsEpoll() const override { return true; }
  void Forget(core::File& file) override;

  Status Add(int descriptor, mm::RefPtr<core::File> file, const EpollEvent& event);
  Status Modify(int descriptor, core::File& file, const EpollEvent& event);
  Status Delete(int descriptor, core::File& file);
  // What is ready now, at most `most`.
  std::size_t Collect(EpollEvent* events, std::size_t most);
  // Waits until something may have become ready. kOk, kTimedOut, kInterrupted, kNoMemory.
  Status WaitForChange(Nanos deadline);

 private:
  static Epolls& All() { return GlobalState().epolls; }
  Interest* Find(int descriptor, const core::File& file);
  static std::uint32_t ReadyOf(Interest& interest);

  // Guarded by the mutex of Epolls.
  IntrusiveList<Interest, InterestTag> interests_;
  std::size_t count_ = 0;
  core::WaitQueue changed_;  // an interest was added or changed
};

Interest* EpollFile::Find(int descriptor, const core::File& file) {
  for (Interest& interest : interests_) {
    if (interest.descriptor == descriptor && interest.file.get() == &file) return &interest;
  }
  return nullptr;
}

Status EpollFile::Add(int descriptor, mm::RefPtr<core::File> file, const EpollEvent& event) {
  core::MutexGuard guard(All().mutex);
  if (Find(descriptor, *file) != nullptr) return Status::kAlreadyExists;
  if (count_ == static_cast<std::size_t>(core::DescriptorTable::kMaxDescriptors)) return Status::kNoSpace;
  Interest* interest = ESC_TRY(mm::New<Interest>()).release();
  interest->descriptor = descriptor;
  interest->file = std::move(file);
  interest->wanted = event;
  interests_.push_back(*interest);
  ++count_;
  changed_.WakeAll();
  return Status::kOk;
}

Status EpollFile::Modify(int descriptor, core::File& file, const EpollEvent& event) {
  core::MutexGuard guard(All().mutex);
  Interest* interest = Find(descriptor, file);
  if (interest == nullptr) return Status::kNotFound;
  interest->wanted = event;
  interest->disarmed = interest->told = false;
  changed_.WakeAll();
  return Status::kOk;
}

Status EpollFile::Delete(int descriptor, core::File& file) {
  core::MutexGuard guard(All().mutex);
  Interest* interest = Find(descriptor, file);
  if (interest == nullptr) return Status::kNotFound;
  interests_.remove(*interest);
  --count_;
  mm::HeapDeleter{}(interest);
  return Status::kOk;
}

void EpollFile::Forget(core::File& file) {
  for (auto at = interests_.begin(); at != interests_.end();) {
    Interest& interest = *at;
    ++at;
    if (interest.file.get() != &file) continue;
    interests_.remove(interest);
    --count_;
    mm::HeapDeleter{}(&interest);
    changed_.WakeAll();  // who waits holds the file
  }
}

// The events to tell of one file, or 0.
std::uint32_t EpollFile::ReadyOf(Interest& interest) {
  if (interest.disarmed) return 0;
  // The count first: what wakes the queue from here on is another edge.
  const std::uint32_t woken = interest.file->PollQueue()->wakes();
  const std::uint32_t ready = PollEventsOf(interest.file->Poll()) & (interest.wanted.events | kPollError | kPollHangUp);
  if (ready == 0 || (interest.wanted.events & kEpollEdge) == 0) return ready;
  if (interest.told && interest.told_at == woken) return 0;
  interest.told = true;
  interest.told_at = woken;
  return ready;
}

std::size_t EpollFile::Collect(EpollEvent* events, std::size_t most) {
  core::MutexGuard guard(All().mutex);
  std::size_t found = 0;
  for (std::size_t left = count_; left != 0 && found < most; --left) {
    Interest& interest = *interests_.begin();
    // To the end of the list: with more ready files than room each has its turn.
    interests_.remove(interest);
    interests_.push_back(interest);
    const std::uint32_t ready = ReadyOf(interest);
    if (ready == 0) continue;
    events[found++] = {ready, interest.wanted.data};
    interest.disarmed = (interest.wanted.events & kEpollOneShot) != 0;
  }
  return found;
}

core::Readiness EpollFile::Poll() {
  core::MutexGuard guard(All().mutex);
  for (Interest& interest : interests_) {
    const std::uint32_t wanted = interest.wanted.events | kPollError | kPollHangUp;
    if (!interest.disarmed && (PollEventsOf(interest.file->Poll()) & wanted) != 0) return core::Readiness::kReadable;
  }
  return core::Readiness::kNone;
}

Status EpollFile::WaitForChange(Nanos deadline) {
  Waiting* waiting = nullptr;
  std::size_t linked = 0;
  bool ready = false;
  core::PreparePark();
  core::Waiter own(changed_);
  {
    core::MutexGuard guard(All().mutex);
    if (count_ != 0) {
      waiting = static_cast<Waiting*>(mm::Allocate(count_ * sizeof(Waiting), alignof(Waiting)));
      if (waiting == nullptr) return Status::kNoMemory;
    }
    for (Interest& interest : interests_) {
      if (interest.disarmed) continue;
      new (&waiting[linked++]) Waiting(interest.file);
      // Linked first, looked at second: what becomes ready from here on wakes us.
      const std::uint32_t wanted = interest.wanted.events | kPollError | kPollHangUp;
      const bool seen = interest.told && (interest.wanted.events & kEpollEdge) != 0 &&
                        interest.told_at == interest.file->PollQueue()->wakes();
      ready |= !seen && (PollEventsOf(interest.file->Poll()) & wanted) != 0;
    }
  }
  const Status status = ready ? Status::kOk : core::Park(core::Interruptible::kYes, deadline);
  while (linked != 0) waiting[--linked].~Waiting();
  mm::Free(waiting);
  return status;
}

Result<mm::RefPtr<EpollFile>> EpollOf(int descriptor) {
  mm::RefPtr<core::File> file = ESC_TRY(FileOf(descriptor));
  if (!fs::AsOpenFile(*file).IsEpoll()) return Status::kInvalidArgument;
  return mm::RefPtr<EpollFile>(static_cast<EpollFile*>(file.get()));
}

Answer WaitUntil(int descriptor, VirtAddr events_at, int most, Nanos deadline) {
  constexpr int kMost = std::numeric_limits<int>::max() / static_cast<int>(sizeof(EpollEvent));
  const mm::RefPtr<EpollFile> epoll = ESC_TRY(EpollOf(descriptor));
  if (most <= 0 || most > kMost) return Status::kInvalidArgument;
  EpollEvent events[kEventsAtOnce];
  while (true) {
    const std::size_t found = epoll->Collect(events, std::min(kEventsAtOnce, static_cast<std::size_t>(most)));
    if (found != 0) {
      ESC_TRY(mm::CopyToUser(events_at, events, found * sizeof(EpollEvent)));
      return found;
    }
    if (deadline <= arch::Now()) return 0;
    const Status status = epoll->WaitForChange(deadline);
    if (status == Status::kInterrupted) return Errno::kRestartNoHandler;
    if (status == Status::kNoMemory) return status;
  }
}

Answer WaitWithMask(int epoll, VirtAddr events, int most, Nanos deadline, VirtAddr mask, std::uint64_t set_bytes) {
  if (mask.value == 0) return WaitUntil(epoll, events, most, deadline);
  ESC_TRY(SwapMaskFor(mask, set_bytes));
  const Answer answer = WaitUntil(epoll, events, most, deadline);
  if (!answer.Is(Errno::kRestartNoHandler)) RestoreMask();  // else the return path does, after a handler
  return answer;
}

Nanos DeadlineAfter(int timeout_ms) { return timeout_ms < 0 ? Nanos::Max() : After(Nanos::Millis(timeout_ms)); }

}  // namespace

Answer EpollCreate1(std::uint32_t flags) {
  if ((flags & ~kOpenCloseOnExec) != 0) return Status::kInvalidArgument;
  const mm::RefPtr<EpollFile> file = ESC_TRY(mm::MakeRef<EpollFile>(ESC_TRY(fs::AnonymousNode::Create())));
  return CurrentDescriptors()->Add(file, flags != 0 ? core::CloseOnExec::kYes : core::CloseOnExec::kNo);
}

Answer EpollCreate(int size) { return size <= 0 ? Answer(Status::kInvalidArgument) : EpollCreate1(0); }

Answer EpollControl(int epoll, int operation, int descriptor, VirtAddr event_at) {
  EpollEvent event{};
  if (operation != kEpollDelete) event = ESC_TRY(mm::ReadUser<EpollEvent>(event_at));
  const mm::RefPtr<core::File> own = ESC_TRY(FileOf(epoll));
  mm::RefPtr<core::File> file = ESC_TRY(FileOf(descriptor));
  // What is always ready cannot be waited for: plain files, directories.
  if (file->PollQueue() == nullptr) return Errno::kPerm;
  fs::OpenFile& watched = fs::AsOpenFile(*file);
  if (watched.IsEpoll()) return Status::kInvalidArgument;
  const mm::RefPtr<EpollFile> instance = ESC_TRY(EpollOf(epoll));
  switch (operation) {
    case kEpollAdd: {
      watched.AskForClose();
      ESC_TRY(instance->Add(descriptor, file, event));
      // Closed by another thread before it was asked to tell: it will not tell any more.
      const Result<mm::RefPtr<core::File>> still = FileOf(descriptor);
      if (!still.ok() || still->get() != file.get()) (void)instance->Delete(descriptor, *file);
      return 0;
    }
    case kEpollModify: return instance->Modify(descriptor, *file, event);
    case kEpollDelete: return instance->Delete(descriptor, *file);
    default: return Status::kInvalidArgument;
  }
}

Answer EpollWait(int epoll, VirtAddr events, int most, int timeout_ms) {
  return WaitUntil(epoll, events, most, DeadlineAfter(timeout_ms));
}

Answer EpollWaitWithMask(int epoll, VirtAddr events, int most, int timeout_ms, VirtAddr mask, std::uint64_t set_bytes) {
  return WaitWithMask(epoll, events, most, DeadlineAfter(timeout_ms), mask, set_bytes);
}

Answer EpollWaitUntil(int epoll, VirtAddr events, int most, VirtAddr timeout, VirtAddr mask, std::uint64_t set_bytes) {
  Nanos deadline = Nanos::Max();
  if (timeout.value != 0) deadline = After(ESC_TRY(NanosOf(ESC_TRY(mm::ReadUser<TimeSpec>(timeout)))));
  return WaitWithMask(epoll, events, most, deadline, mask, set_bytes);
}

void ForgetInEpolls(core::File& file) {
  Epolls& all = GlobalState().epolls;
  core::MutexGuard guard(all.mutex);
  for (EpollInstance& instance : all.list) instance.Forget(file);
}

}  // namespace esc::linux_abi
