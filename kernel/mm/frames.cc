#include "kernel/mm/frames.h"

#include <algorithm>
#include <limits>
#include <new>
#include <optional>

#include "kernel/base/bits.h"
#include "kernel/base/check.h"
#include "kernel/base/spin_lock.h"
#include "kernel/mm/buddy.h"
#include "kernel/mm/frame_map.h"
#include "kernel/mm/poison.h"

namespace esc::mm {
namespace {

constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

// Single frames that were freed last. They go out again first, while their bytes are warm, and neither merge nor split:
// most allocations are of one frame.
class FrameCache {
 public:
  constexpr FrameCache() = default;
  bool Take(FrameNumber& frame) {
    if (count_ == 0) return false;
    frame = frames_[--count_];
    return true;
  }
  bool full() const { return count_ == frames_.size(); }
  void Put(FrameNumber frame) { frames_[count_++] = frame; }
  std::size_t count() const { return count_; }
  void Clear() { count_ = 0; }

 private:
  std::array<FrameNumber, 128> frames_{};
  std::size_t count_ = 0;
};

constinit SpinLock frames_lock(LockRank::kFrames);
constinit Buddy buddy ESC_GUARDED_BY(frames_lock);
constinit FrameCache cache ESC_GUARDED_BY(frames_lock);
constinit std::uint64_t total_frames ESC_GUARDED_BY(frames_lock) = 0;
// Written once by InitFrames, before anybody reads it.
constinit FrameNumber shared_zero_frame;
// Relaxed: a test sets it while nobody else allocates.
constinit std::atomic<std::uint64_t> allowance{kUnlimited};

// The record of a frame that the caller owns a reference to, or that never changes hands: only the owner and the lock's
// holder touch it, and the array itself is fixed after InitFrames.
FrameRecord& RecordOf(FrameNumber frame) ESC_NO_THREAD_SAFETY_ANALYSIS {
  ESC_DCHECK(buddy.Contains(frame));
  return buddy.Record(frame);
}

void PoisonFrames(FrameNumber first, std::uint64_t count) {
  if constexpr (kPoisoning) Poison(arch::DirectMap(first), count * kPageSize);
}
void UnpoisonFrames(FrameNumber first, std::uint64_t count) {
  if constexpr (kPoisoning) Unpoison(arch::DirectMap(first), count * kPageSize);
}

void DrainCache(std::size_t down_to) ESC_REQUIRES(frames_lock) {
  FrameNumber frame;
  while (cache.count() > down_to && cache.Take(frame)) buddy.Put(frame, 0);
}

bool TakeBlock(unsigned order, FrameNumber& frame) ESC_REQUIRES(frames_lock) {
  if (order == 0 && cache.Take(frame)) {
    FrameRecord& record = buddy.Record(frame);
    ESC_DCHECK(record.state == FrameState::kCached);
    record.state = FrameState::kAllocated;
    record.note = 0;
    return true;
  }
  if (buddy.Take(order, frame)) return true;
  if (cache.count() == 0) return false;
  DrainCache(0);
  return buddy.Take(order, frame);
}

void PutBlock(FrameNumber first, unsigned order) ESC_REQUIRES(frames_lock) {
  FrameRecord& record = buddy.Record(first);
  ESC_CHECK(record.state == FrameState::kAllocated && record.order == order);
  PoisonFrames(first, std::uint64_t{1} << order);
  if (order != 0) return buddy.Put(first, order);
  if (cache.full()) DrainCache(cache.count() / 2);
  record.state = FrameState::kCached;
  cache.Put(first);
}

// True when it was the last one. Needs no lock: of a shared frame nothing else changes. Acquire-release, so that whoever
// frees it comes after every other owner's last access.
bool DropReference(FrameNumber frame) {
  const std::uint32_t before = RecordOf(frame).references.fetch_sub(1, std::memory_order_acq_rel);
  ESC_CHECK(before != 0);
  return before == 1;
}

class PageTableFrames final : public arch::TableFrameSource {
 public:
  Result<FrameNumber> AllocateTableFrame() override { return AllocateZeroedFrame(); }
  void FreeTableFrame(FrameNumber frame) override { FreeFrames(frame, 0); }
};
constinit PageTableFrames table_frames;

}  // namespace

Status InitFrames(const arch::BootInfo& info, std::uint64_t limit_bytes, std::uint64_t minimum_bytes) {
  const FrameRange span = UsableSpan(info);
  const std::uint64_t record_frames = DivideRoundUp<std::uint64_t>(span.count() * sizeof(FrameRecord), kPageSize);
  if (span.count() == 0 || span.count() >= Buddy::kNoRecord) return Status::kNoMemory;
  const std::optional<FrameRange> home = FindFreeRun(info, record_frames);
  if (!home) return Status::kNoMemory;
  const auto home_first = home->begin;

  const std::uint64_t limit = limit_bytes == 0 ? kUnlimited : limit_bytes / kPageSize;
  std::uint64_t available = 0;
  ForEachFreeRun(info, [&](FrameRange run) { available += run.count(); });
  available = std::min(available - record_frames, limit);
  if (available == 0 || available < DivideRoundUp<std::uint64_t>(minimum_bytes, kPageSize)) return Status::kNoMemory;

  auto* records = static_cast<FrameRecord*>(arch::DirectMap(home_first));
  for (std::uint64_t i = 0; i < span.count(); ++i) new (&records[i]) FrameRecord;
  {
    const SpinLockGuard guard(frames_lock);
    ESC_CHECK(total_frames == 0);
    buddy.Init(span.begin, {records, span.count()});
    // The records lie at the beginning of the first run that is long enough.
    ForEachFreeRun(info, [&](FrameRange run) ESC_NO_THREAD_SAFETY_ANALYSIS {  // a lambda called under the guard above
      if (run.begin == home_first) run.begin = home->end;
      const std::uint64_t added = buddy.AddRun(run, limit - total_frames);
      PoisonFrames(run.begin, added);
      total_frames += added;
    });
  }
  shared_zero_frame = ESC_TRY(AllocateZeroedFrame());
  return Status::kOk;
}

FrameNumber SharedZeroFrame() { return shared_zero_frame; }

Result<FrameNumber> AllocateFrames(unsigned order) {
  if (order > kMaxOrder || !TakeAllocationAllowance()) return Status::kNoMemory;
  FrameNumber frame;
  {
    const SpinLockGuard guard(frames_lock);
    if (!TakeBlock(order, frame)) return Status::kNoMemory;
  }
  RecordOf(frame).references.store(1, std::memory_order_relaxed);
  UnpoisonFrames(frame, std::uint64_t{1} << order);
  return frame;
}

Result<FrameNumber> AllocateZeroedFrame() {
  const FrameNumber frame = ESC_TRY(AllocateFrames(0));
  arch::ZeroFrame(frame);
  return frame;
}

void FreeFrames(FrameNumber first, unsigned order) {
  ESC_CHECK(RecordOf(first).references.exchange(0, std::memory_order_relaxed) == 1);
  const SpinLockGuard guard(frames_lock);
  PutBlock(first, order);
}

void ShareFrame(FrameNumber frame) {
  const std::uint32_t before = RecordOf(frame).references.fetch_add(1, std::memory_order_relaxed);
  ESC_CHECK(before != 0 && before != std::numeric_limits<std::uint32_t>::max());
}

void DropFrame(FrameNumber frame) {
  if (!DropReference(frame)) return;
  const SpinLockGuard guard(frames_lock);
  PutBlock(frame, 0);
}

void DropFrames(std::span<const FrameNumber> frames) {
  const SpinLockGuard guard(frames_lock);
  for (const FrameNumber frame : frames) {
    if (DropReference(frame)) PutBlock(frame, 0);
  }
}

// Acquire: pairs with the release in DropReference. Whoever reads one and reuses the frame comes after the other owners.
std::uint32_t FrameReferences(FrameNumber frame) {
  return RecordOf(frame).references.load(std::memory_order_acquire);
}

bool ManagedFrame(FrameNumber frame) ESC_NO_THREAD_SAFETY_ANALYSIS {  // as RecordOf: fixed after InitFrames
  return buddy.Contains(frame) && buddy.Record(frame).state != FrameState::kUnmanaged;
}

FrameStats GetFrameStats() {
  const SpinLockGuard guard(frames_lock);
  FrameStats stats{.total = total_frames, .free = buddy.free_frames() + cache.count()};
  for (unsigned order = 0; order <= kMaxOrder; ++order) stats.free_blocks[order] = buddy.free_blocks(order);
  stats.free_blocks[0] += cache.count();
  return stats;
}

void SetFrameNote(FrameNumber frame, std::uint64_t note) { RecordOf(frame).note = note; }
std::uint64_t FrameNote(FrameNumber frame) { return RecordOf(frame).note; }

arch::TableFrameSource& TableFrames() { return table_frames; }

void FailAllocationsAfter(std::uint64_t allowed) { allowance.store(allowed, std::memory_order_relaxed); }

bool TakeAllocationAllowance() {
  const std::uint64_t left = allowance.load(std::memory_order_relaxed);
  if (left == kUnlimited) [[likely]] return true;
  if (left == 0) return false;
  allowance.store(left - 1, std::memory_order_relaxed);
  return true;
}

void ResetFramesForTest() {
  const SpinLockGuard guard(frames_lock);
  buddy.Init({}, {});
  cache.Clear();
  total_frames = 0;
  allowance.store(kUnlimited, std::memory_order_relaxed);
}

}  // namespace esc::mm
