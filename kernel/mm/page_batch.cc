#include "kernel/mm/page_batch.h"

#include "kernel/arch_api/paging.h"
#include "kernel/mm/frames.h"

namespace esc::mm {

void PageBatch::Tightened(VirtAddr page) {
  if (page_count_ < pages_.size()) pages_[page_count_] = page;
  ++page_count_;
}

void PageBatch::Cleared(VirtAddr page, FrameNumber frame) {
  if (frame_count_ == frames_.size()) Finish();
  Tightened(page);
  frames_[frame_count_++] = frame;
}

void PageBatch::Finish() {
  if (loaded_ == Loaded::kYes) {
    if (page_count_ > pages_.size()) {
      arch::FlushAll();
    } else {
      for (std::size_t i = 0; i < page_count_; ++i) arch::FlushPage(pages_[i]);
    }
  }
  if (frame_count_ != 0) DropFrames({frames_.data(), frame_count_});
  page_count_ = 0;
  frame_count_ = 0;
}

}  // namespace esc::mm
