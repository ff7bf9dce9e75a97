// The regions of one address space as a pure data structure: sorted, not overlapping, neighbours that continue each
// other merged. No page tables, no lock.
//
// A sorted array in one heap block: look-up is a binary search, a fork copies it with one allocation, and the
// few dozen regions of a usual process share cache lines; insertion moves what lies above (at most kMaxRegions). What can
// fail is Reserve and CopyFrom; after a Reserve, one Insert and one Cut cannot. The address space's lock guards it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/arch_api/paging.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/mm/page_source.h"
#include "kernel/mm/ref_ptr.h"
#include "kernel/mm/region_kind.h"

namespace esc::mm {

// An unmapped distance kept below a stack that grows, so that it never runs into its neighbour unnoticed (Linux's too).
inline constexpr std::uint64_t kStackGuardGap = 256 * kPageSize;

inline constexpr arch::Access kAnyAccess = arch::Access::kRead | arch::Access::kWrite | arch::Access::kExecute;

struct Region {
  VirtAddr begin;
  VirtAddr end;
  arch::Access access = arch::Access::kNone;
  arch::Access most = kAnyAccess;   // what Protect may ever give
  Sharing sharing = Sharing::kPrivate;
  Growth growth = Growth::kFixed;
  bool anonymous = true;            // of zeros; a shared one has a source that holds its frames
  RefPtr<PageSource> source;
  std::uint64_t source_offset = 0;  // of `begin`

  std::uint64_t bytes() const { return end - begin; }
  bool Contains(VirtAddr address) const { return address >= begin && address < end; }
  // The offset in the source of a page inside.
  std::uint64_t OffsetOf(VirtAddr page) const { return source_offset + (page - begin); }
  // Where something else may end below it: its own begin, but for a stack that grows.
  VirtAddr guarded_begin() const {
    if (growth == Growth::kFixed) return begin;
    return begin.value > kStackGuardGap ? begin - kStackGuardGap : VirtAddr{0};
  }
};

// Sources whose regions are gone. The last reference to a file may take locks and free memory when it goes: that is for
// after the address space's lock.
struct DroppedSources {
  static constexpr std::size_t kCapacity = 8;
  std::array<RefPtr<PageSource>, kCapacity> sources;
  std::size_t count = 0;
};

class Regions {
 public:
  // As Linux's vm.max_map_count.
  static constexpr std::size_t kMaxRegions = 65'530;

  Regions() = default;
  ~Regions();
  Regions(const Regions&) = delete;
  Regions& operator=(const Regions&) = delete;

  std::size_t size() const { return size_; }
  std::span<Region> items() { return {items_, size_}; }
  std::span<const Region> items() const { return {items_, size_}; }

  // Room for one Insert and one Cut (two more regions). kNoMemory.
  Status Reserve();
  // Takes over a copy of `other`; this must be empty. kNoMemory leaves it empty.
  Status CopyFrom(const Regions& other);

  // The region that contains `address`, or nullptr.
  Region* Find(VirtAddr address);
  // The index of the first region that ends above `address`: it contains it, or is the next one.
  std::size_t IndexAbove(VirtAddr address) const;
  // Whether nothing lies in [begin, end).
  bool Free(VirtAddr begin, VirtAddr end) const;
  // Whether regions fill [begin, end) without a hole.
  bool Filled(VirtAddr begin, VirtAddr end) const;
  // Whether all regions in [begin, end) may be given this access.
  bool MayHave(VirtAddr begin, VirtAddr end, arch::Access access) const;
  // Bytes of regions in [begin, end).
  std::uint64_t BytesIn(VirtAddr begin, VirtAddr end) const;
  // The begin of the highest free range of `bytes` inside [low, high) that keeps the guard gaps; kNoMemory.
  Result<VirtAddr> FindGap(std::uint64_t bytes, VirtAddr low, VirtAddr high) const;

  // After Reserve. The range is free; merges with the neighbours that it continues.
  void Insert(Region region);
  // After Reserve. Removes what lies in [begin, end); splits a region that reaches over it. The range touches at most
  // DroppedSources::kCapacity regions (see EndOfFew).
  void Cut(VirtAddr begin, VirtAddr end, DroppedSources& dropped);
  // `end`, or the end of as many regions of [begin, end) as one Cut takes.
  VirtAddr EndOfFew(VirtAddr begin, VirtAddr end) const;
  // After Reserve. Gives what lies in [begin, end), which is filled, another access; splits and merges.
  void SetAccess(VirtAddr begin, VirtAddr end, arch::Access access);
  // Without a Reserve: a stack's or a heap's neighbourhood is free, and the region grows.
  void ExtendDown(Region& region, VirtAddr begin);
  void ExtendUp(Region& region, VirtAddr end);

 private:
  static bool Continues(const Region& low, const Region& high);
  void InsertAt(std::size_t index, Region region);
  void RemoveAt(std::size_t index, std::size_t count);
  // So that a region begins at `at`, if one lies across it.
  void SplitAt(VirtAddr at);
  // Joins `index` and its upper neighbour if the one continues the other.
  bool MergeAt(std::size_t index);

  Region* items_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace esc::mm
