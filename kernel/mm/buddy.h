// The buddy allocator as a data structure: blocks of 2^order frames that split and merge, over an array of frame
// records. No lock, no globals: frames.cc owns one and guards it.
//
// Invariant: two free buddies of one order never both exist (they merge), and a free block's first record, and
// only that, is linked in the list of its order. Cost: O(kMaxOrder) an operation.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/base/check.h"
#include "kernel/base/units.h"
#include "kernel/mm/frame_map.h"
#include "kernel/mm/frame_order.h"

namespace esc::mm {

enum class FrameState : std::uint8_t {
  kUnmanaged = 0,  // no RAM of ours
  kTail,           // not the first frame of its block
  kFree,           // first frame of a free block
  kCached,         // free, in the cache of single frames
  kAllocated,      // first frame of an allocated block
};

// 16 bytes a frame: 0.4 % of the RAM.
struct FrameRecord {
  // Shared frames are counted without the lock; the last to leave frees it. 0 while free.
  std::atomic<std::uint32_t> references{0};
  FrameState state = FrameState::kUnmanaged;
  std::uint8_t order = 0;
  std::uint16_t unused = 0;
  union {
    struct {
      std::uint32_t next;  // index of the record, kNoRecord at an end
      std::uint32_t previous;
    } link;
    std::uint64_t note = 0;  // of an allocated frame's owner
  };
};
static_assert(sizeof(FrameRecord) == 16);

class Buddy {
 public:
  static constexpr std::uint32_t kNoRecord = ~std::uint32_t{0};

  constexpr Buddy() = default;
  // `records` stand for the frames from `first` on, all kUnmanaged.
  void Init(FrameNumber first, std::span<FrameRecord> records);
  // Hands a run of unmanaged frames over; at most `limit` of them. Answers how many.
  std::uint64_t AddRun(FrameRange run, std::uint64_t limit);

  bool Contains(FrameNumber frame) const {
    return frame >= first_ && frame.value - first_.value < records_.size();
  }
  FrameRecord& Record(FrameNumber frame) {
    ESC_DCHECK(Contains(frame));
    return records_[frame.value - first_.value];
  }

  // The first frame of a block, kAllocated, its note 0, with no reference yet; false when no block of the order or above is free.
  bool Take(unsigned order, FrameNumber& taken);
  // Of a block whose records are kAllocated, or kCached for a single one.
  void Put(FrameNumber first, unsigned order);

  std::uint64_t free_frames() const { return free_frames_; }
  std::uint64_t free_blocks(unsigned order) const { return free_blocks_[order]; }

 private:
  std::uint32_t IndexOf(FrameNumber frame) const { return static_cast<std::uint32_t>(frame.value - first_.value); }
  FrameNumber FrameOf(std::uint32_t index) const { return first_ + index; }
  void Link(FrameNumber frame, unsigned order);
  void Unlink(FrameNumber frame, unsigned order);

  FrameNumber first_;
  std::span<FrameRecord> records_;
  std::uint64_t free_frames_ = 0;
  std::array<std::uint64_t, kMaxOrder + 1> free_blocks_{};
  std::array<std::uint32_t, kMaxOrder + 1> heads_{};
};

}  // namespace esc::mm
