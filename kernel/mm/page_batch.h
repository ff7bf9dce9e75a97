// Pages of one address space whose translations were cleared or tightened, and the frames to drop once no CPU can reach
// them any more: clear, flush, then free. Few pages are flushed one by one, many at once; of an address space that is
// not loaded nothing is cached (LoadRoot flushes), so nothing is flushed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/base/units.h"

namespace esc::mm {

class PageBatch {
 public:
  enum class Loaded : std::uint8_t { kNo, kYes };
  explicit PageBatch(Loaded loaded) : loaded_(loaded) {}
  ~PageBatch() { Finish(); }
  PageBatch(const PageBatch&) = delete;
  PageBatch& operator=(const PageBatch&) = delete;

  // The entry of `page` allows less than before, or is about to when the visitor that calls this returns.
  void Tightened(VirtAddr page);
  // As above, and `frame` is to be dropped. May flush and drop what came before, whose entries are written by now.
  void Cleared(VirtAddr page, FrameNumber frame);
  // Call after the last entry is written.
  void Finish();

 private:
  static constexpr std::size_t kSinglePages = 32;
  static constexpr std::size_t kFrames = 128;

  const Loaded loaded_;
  std::size_t page_count_ = 0;  // may exceed what is kept: then everything is flushed
  std::size_t frame_count_ = 0;
  // Not initialised: most batches hold a page or two.
  union {
    std::array<VirtAddr, kSinglePages> pages_;
  };
  union {
    std::array<FrameNumber, kFrames> frames_;
  };
};

}  // namespace esc::mm
