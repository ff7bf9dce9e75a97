#include "kernel/mm/regions.h"

#include <algorithm>
#include <new>
#include <utility>

#include "kernel/base/check.h"
#include "kernel/mm/heap.h"

namespace esc::mm {
namespace {
constexpr std::size_t kFirstCapacity = 16;
// An insertion splits nothing, and a cut adds one region at most.
constexpr std::size_t kReserve = 2;
}  // namespace

Regions::~Regions() {
  RemoveAt(0, size_);
  mm::Free(items_);
}

Status Regions::Reserve() {
  if (size_ + kReserve <= capacity_) return Status::kOk;
  if (size_ + kReserve > kMaxRegions) return Status::kNoMemory;
  const std::size_t capacity = std::max(kFirstCapacity, capacity_ * 2);
  auto* items = static_cast<Region*>(Allocate(capacity * sizeof(Region), alignof(Region)));
  if (items == nullptr) return Status::kNoMemory;
  for (std::size_t i = 0; i < size_; ++i) {
    new (&items[i]) Region(std::move(items_[i]));
    items_[i].~Region();
  }
  mm::Free(items_);
  items_ = items;
  capacity_ = capacity;
  return Status::kOk;
}

Status Regions::CopyFrom(const Regions& other) {
  ESC_CHECK(size_ == 0 && items_ == nullptr);
  if (other.size_ == 0) return Status::kOk;
  const std::size_t capacity = std::max(kFirstCapacity, other.size_ + kReserve);
  items_ = static_cast<Region*>(Allocate(capacity * sizeof(Region), alignof(Region)));
  if (items_ == nullptr) return Status::kNoMemory;
  capacity_ = capacity;
  for (; size_ < other.size_; ++size_) new (&items_[size_]) Region(other.items_[size_]);
  return Status::kOk;
}

std::size_t Regions::IndexAbove(VirtAddr address) const {
  std::size_t low = 0;
  std::size_t high = size_;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (items_[middle].end > address) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Region* Regions::Find(VirtAddr address) {
  const std::size_t index = IndexAbove(address);
  return index < size_ && items_[index].begin <= address ? &items_[index] : nullptr;
}

bool Regions::Free(VirtAddr begin, VirtAddr end) const {
  const std::size_t index = IndexAbove(begin);
  return index == size_ || items_[index].begin >= end;
}

bool Regions::Filled(VirtAddr begin, VirtAddr end) const {
  for (std::size_t index = IndexAbove(begin); begin < end; ++index) {
    if (index == size_ || items_[index].begin > begin) return false;
    begin = items_[index].end;
  }
  return true;
}

bool Regions::MayHave(VirtAddr begin, VirtAddr end, arch::Access access) const {
  for (std::size_t i = IndexAbove(begin); i < size_ && items_[i].begin < end; ++i) {
    if (!arch::Allows(items_[i].most, access)) return false;
  }
  return true;
}

std::uint64_t Regions::BytesIn(VirtAddr begin, VirtAddr end) const {
  std::uint64_t bytes = 0;
  for (std::size_t index = IndexAbove(begin); index < size_ && items_[index].begin < end; ++index) {
    bytes += std::min(items_[index].end, end) - std::max(items_[index].begin, begin);
  }
  return bytes;
}

Result<VirtAddr> Regions::FindGap(std::uint64_t bytes, VirtAddr low, VirtAddr high) const {
  // Downwards from `high`: `high` is the end of the gap in question, `index` counts the regions below it.
  std::size_t index = IndexAbove(high);
  if (index < size_ && items_[index].guarded_begin() < high) high = items_[index].guarded_begin();
  for (;; --index) {
    const VirtAddr floor = index == 0 ? low : std::max(low, items_[index - 1].end);
    if (high > floor && high - floor >= bytes) return high - bytes;
    if (index == 0 || floor == low) return Status::kNoMemory;
    high = std::min(high, items_[index - 1].guarded_begin());
  }
}

void Regions::InsertAt(std::size_t index, Region region) {
  ESC_CHECK(size_ < capacity_);
  if (index == size_) {
    new (&items_[size_]) Region(std::move(region));
  } else {
    new (&items_[size_]) Region(std::move(items_[size_ - 1]));
    for (std::size_t i = size_ - 1; i > index; --i) items_[i] = std::move(items_[i - 1]);
    items_[index] = std::move(region);
  }
  ++size_;
}

void Regions::RemoveAt(std::size_t index, std::size_t count) {
  if (count == 0) return;
  for (std::size_t i = index; i + count < size_; ++i) items_[i] = std::move(items_[i + count]);
  for (std::size_t i = size_ - count; i < size_; ++i) items_[i].~Region();
  size_ -= count;
}

bool Regions::Continues(const Region& low, const Region& high) {
  return low.end == high.begin && low.access == high.access && low.most == high.most && low.sharing == high.sharing &&
         low.growth == high.growth && low.anonymous == high.anonymous && low.source == high.source &&
         (!low.source || low.OffsetOf(low.end) == high.source_offset);
}

bool Regions::MergeAt(std::size_t index) {
  if (index + 1 >= size_ || !Continues(items_[index], items_[index + 1])) return false;
  items_[index].end = items_[index + 1].end;
  RemoveAt(index + 1, 1);
  return true;
}

void Regions::Insert(Region region) {
  ESC_DCHECK(region.begin < region.end && Free(region.begin, region.end));
  const std::size_t index = IndexAbove(region.begin);
  InsertAt(index, std::move(region));
  MergeAt(index);
  if (index > 0) MergeAt(index - 1);
}

void Regions::SplitAt(VirtAddr at) {
  Region* region = Find(at);
  if (region == nullptr || region->begin == at) return;
  Region upper = *region;
  upper.begin = at;
  if (upper.source) upper.source_offset = region->OffsetOf(at);
  // Only the lowest piece of a stack grows.
  upper.growth = Growth::kFixed;
  const auto index = static_cast<std::size_t>(region - items_);
  region->end = at;
  InsertAt(index + 1, std::move(upper));
}

VirtAddr Regions::EndOfFew(VirtAddr begin, VirtAddr end) const {
  const std::size_t past = IndexAbove(begin) + DroppedSources::kCapacity;
  return past > size_ ? end : std::min(end, items_[past - 1].end);
}

void Regions::Cut(VirtAddr begin, VirtAddr end, DroppedSources& dropped) {
  if (Free(begin, end)) return;
  SplitAt(begin);
  // The lower part of a region that reaches over `end` goes; its upper part begins later and needs no room of its own.
  const std::size_t first = IndexAbove(begin);
  std::size_t last = first;
  for (; last < size_ && items_[last].end <= end; ++last) {
    if (!items_[last].source) continue;
    ESC_CHECK(dropped.count < DroppedSources::kCapacity);
    dropped.sources[dropped.count++] = std::move(items_[last].source);
  }
  if (last < size_ && items_[last].begin < end) {
    Region& rest = items_[last];
    if (rest.source) rest.source_offset = rest.OffsetOf(end);
    rest.begin = end;
  }
  RemoveAt(first, last - first);
}

void Regions::SetAccess(VirtAddr begin, VirtAddr end, arch::Access access) {
  SplitAt(begin);
  SplitAt(end);
  std::size_t index = IndexAbove(begin);
  if (index > 0) --index;  // the neighbour below may merge
  const VirtAddr last = end;
  for (std::size_t i = IndexAbove(begin); i < size_ && items_[i].begin < last; ++i) items_[i].access = access;
  while (index < size_ && items_[index].begin <= last) {
    if (!MergeAt(index)) ++index;
  }
}

void Regions::ExtendDown(Region& region, VirtAddr begin) {
  ESC_DCHECK(begin <= region.begin && Free(begin, region.begin));
  if (region.source) region.source_offset -= region.begin - begin;
  region.begin = begin;
}

void Regions::ExtendUp(Region& region, VirtAddr end) {
  ESC_DCHECK(end >= region.end && Free(region.end, end));
  region.end = end;
  MergeAt(static_cast<std::size_t>(&region - items_));
}

}  // namespace esc::mm
