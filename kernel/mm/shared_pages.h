// Anonymous memory that is shared across fork (MAP_SHARED without a file): zeroed frames by index, made at the first
// touch by whoever comes first, kept until the last region that shows them is gone.
#pragma once

#include <cstdint>

#include "kernel/base/spin_lock.h"
#include "kernel/mm/page_source.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::mm {

class SharedPages final : public PageSource {
 public:
  // kNoMemory, also for more than a table of 4 MiB can hold (1 TiB).
  static Result<RefPtr<SharedPages>> Create(std::uint64_t pages);
  ~SharedPages() override;

  Status ReadPage(std::uint64_t offset, void* page) override;
  // kFault past the end: the memory was grown by a remap, but the object was not.
  Result<FrameNumber> SharePage(std::uint64_t offset) override;

  SharedPages(std::uint64_t pages, std::uint64_t* leaves) : pages_(pages), leaves_(leaves) {}  // use Create

 private:
  static constexpr std::uint64_t kLeafEntries = 512;

  const std::uint64_t pages_;
  // Rank: called with no lock held, allocates frames.
  SpinLock lock_{LockRank::kAddressSpace};
  // Frame numbers of leaves, each a frame with 512 frame numbers; 0 for none yet.
  std::uint64_t* const leaves_ ESC_PT_GUARDED_BY(lock_);
};

}  // namespace esc::mm
