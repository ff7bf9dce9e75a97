#include "kernel/mm/buddy.h"

#include <algorithm>
#include <bit>

namespace esc::mm {

void Buddy::Init(FrameNumber first, std::span<FrameRecord> records) {
  first_ = first;
  records_ = records;
  free_frames_ = 0;
  free_blocks_.fill(0);
  heads_.fill(kNoRecord);
}

std::uint64_t Buddy::AddRun(FrameRange run, std::uint64_t limit) {
  const std::uint64_t count = std::min(run.count(), limit);
  FrameNumber at = run.begin;
  for (std::uint64_t left = count; left != 0;) {
    // The largest block that is aligned here and fits.
    const int alignment = std::countr_zero(at.value);
    const int size = std::bit_width(left) - 1;
    const auto order = static_cast<unsigned>(std::min({alignment, size, static_cast<int>(kMaxOrder)}));
    for (std::uint64_t i = 0; i < std::uint64_t{1} << order; ++i) Record(at + i).state = FrameState::kTail;
    Link(at, order);
    free_frames_ += std::uint64_t{1} << order;
    at = at + (std::uint64_t{1} << order);
    left -= std::uint64_t{1} << order;
  }
  return count;
}

void Buddy::Link(FrameNumber frame, unsigned order) {
  FrameRecord& record = Record(frame);
  record.state = FrameState::kFree;
  record.order = static_cast<std::uint8_t>(order);
  record.link.next = heads_[order];
  record.link.previous = kNoRecord;
  if (heads_[order] != kNoRecord) records_[heads_[order]].link.previous = IndexOf(frame);
  heads_[order] = IndexOf(frame);
  ++free_blocks_[order];
}

void Buddy::Unlink(FrameNumber frame, unsigned order) {
  const FrameRecord& record = Record(frame);
  if (record.link.previous == kNoRecord) {
    heads_[order] = record.link.next;
  } else {
    records_[record.link.previous].link.next = record.link.next;
  }
  if (record.link.next != kNoRecord) records_[record.link.next].link.previous = record.link.previous;
  --free_blocks_[order];
}

bool Buddy::Take(unsigned order, FrameNumber& taken) {
  unsigned from = order;
  while (from <= kMaxOrder && heads_[from] == kNoRecord) ++from;
  if (from > kMaxOrder) return false;
  taken = FrameOf(heads_[from]);
  Unlink(taken, from);
  // The upper halves go back, the largest first; they were free and stay so.
  while (from > order) {
    --from;
    Link(taken + (std::uint64_t{1} << from), from);
  }
  FrameRecord& record = Record(taken);
  record.state = FrameState::kAllocated;
  record.order = static_cast<std::uint8_t>(order);
  record.note = 0;
  free_frames_ -= std::uint64_t{1} << order;
  return true;
}

void Buddy::Put(FrameNumber first, unsigned order) {
  free_frames_ += std::uint64_t{1} << order;
  Record(first).state = FrameState::kTail;
  for (; order < kMaxOrder; ++order) {
    const FrameNumber buddy{first.value ^ std::uint64_t{1} << order};
    if (!Contains(buddy)) break;
    FrameRecord& other = Record(buddy);
    if (other.state != FrameState::kFree || other.order != order) break;
    Unlink(buddy, order);
    other.state = FrameState::kTail;
    first = std::min(first, buddy);
  }
  Link(first, order);
}

}  // namespace esc::mm
