#include "kernel/mm/shared_pages.h"

#include <algorithm>

#include "kernel/arch_api/paging.h"
#include "kernel/base/bits.h"
#include "kernel/base/check.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/heap.h"

namespace esc::mm {
namespace {
std::uint64_t* EntriesOf(std::uint64_t leaf) { return static_cast<std::uint64_t*>(arch::DirectMap(FrameNumber{leaf})); }
}  // namespace

Result<RefPtr<SharedPages>> SharedPages::Create(std::uint64_t pages) {
  const std::uint64_t count = DivideRoundUp(pages, kLeafEntries);
  auto* leaves = static_cast<std::uint64_t*>(Allocate(count * sizeof(std::uint64_t)));
  if (leaves == nullptr) return Status::kNoMemory;
  std::fill_n(leaves, count, 0);
  Result<RefPtr<SharedPages>> made = MakeRef<SharedPages>(pages, leaves);
  if (!made.ok()) Free(leaves);
  return made;
}

// Nobody else has a reference any more: no lock.
SharedPages::~SharedPages() ESC_NO_THREAD_SAFETY_ANALYSIS {
  for (std::uint64_t i = 0; i < DivideRoundUp(pages_, kLeafEntries); ++i) {
    if (leaves_[i] == 0) continue;
    const std::uint64_t* entries = EntriesOf(leaves_[i]);
    for (std::uint64_t k = 0; k < kLeafEntries; ++k) {
      if (entries[k] != 0) DropFrame(FrameNumber{entries[k]});
    }
    FreeFrames(FrameNumber{leaves_[i]}, 0);
  }
  Free(leaves_);
}

// Only shared regions show these pages.
Status SharedPages::ReadPage(std::uint64_t, void*) { return Status::kNotSupported; }

Result<FrameNumber> SharedPages::SharePage(std::uint64_t offset) {
  const std::uint64_t index = offset / kPageSize;
  if (index >= pages_) return Status::kFault;
  const SpinLockGuard guard(lock_);
  std::uint64_t& leaf = leaves_[index / kLeafEntries];
  if (leaf == 0) leaf = ESC_TRY(AllocateZeroedFrame()).value;
  std::uint64_t& entry = EntriesOf(leaf)[index % kLeafEntries];
  if (entry == 0) entry = ESC_TRY(AllocateZeroedFrame()).value;
  ShareFrame(FrameNumber{entry});
  return FrameNumber{entry};
}

}  // namespace esc::mm
