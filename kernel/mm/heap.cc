#include "kernel/mm/heap.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "kernel/base/bits.h"
#include "kernel/base/check.h"
#include "kernel/base/log.h"
#include "kernel/base/spin_lock.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/poison.h"

namespace esc::mm {
namespace {

// How blocks of one size are cut from frames. The slab's header takes the first kHeaderBytes, so that every block is
// aligned to the largest power of two in its size, up to 64.
struct SizeClass {
  std::uint16_t bytes;
  std::uint8_t order;  // of a slab, chosen so that little is lost at its end
};
constexpr std::size_t kHeaderBytes = 64;
constexpr std::array<SizeClass, 14> kClasses = {{{16, 0},
                                                 {32, 0},
                                                 {48, 0},
                                                 {64, 0},
                                                 {96, 0},
                                                 {128, 0},
                                                 {192, 0},
                                                 {256, 0},
                                                 {384, 0},
                                                 {512, 1},
                                                 {768, 1},
                                                 {1024, 2},
                                                 {1536, 2},
                                                 {2048, 3}}};
constexpr std::size_t kLargestClass = kClasses.back().bytes;

constexpr std::size_t AlignmentOf(std::size_t class_bytes) {
  return std::min<std::size_t>(class_bytes & -class_bytes, kHeaderBytes);
}

// The class for a size, by steps of 16 bytes.
constexpr auto kClassOfStep = [] {
  std::array<std::uint8_t, kLargestClass / 16 + 1> table{};
  for (std::size_t step = 0; step < table.size(); ++step) {
    while (kClasses[table[step]].bytes < step * 16) ++table[step];
  }
  return table;
}();

#ifdef ESC_DEBUG
constexpr bool kChecked = true;
#else
constexpr bool kChecked = false;
#endif

// Debug: the last word of a block says whether it is live; a freed block is filled with kFreedByte behind its link.
constexpr std::size_t kCanaryBytes = kChecked ? 8 : 0;
constexpr std::uint64_t kLiveCanary = 0xA110'CA7E'D5AF'EB10;
constexpr std::uint64_t kFreeCanary = 0xF4EE'D000'F4EE'D000;
constexpr std::byte kFreedByte{0x6B};

struct FreeBlock {
  FreeBlock* next;
};

// At the beginning of its frames, whose notes hold its address.
struct Slab {
  Slab* next;  // in its class's list of slabs with room
  Slab* previous;
  FreeBlock* free;      // given back
  std::uint16_t fresh;  // blocks from this index on were never given out
  std::uint16_t capacity;
  std::uint16_t live;
  std::uint8_t size_class;
};
static_assert(sizeof(Slab) <= kHeaderBytes);

// A large block's first frame carries its order in the note; a slab's address is even.
constexpr std::uint64_t LargeNote(unsigned order) { return std::uint64_t{order} << 1 | 1; }
constexpr bool IsLarge(std::uint64_t note) { return (note & 1) != 0; }

constinit SpinLock heap_lock(LockRank::kHeap);
constinit std::array<Slab*, kClasses.size()> with_room ESC_GUARDED_BY(heap_lock) = {};
constinit HeapStats stats ESC_GUARDED_BY(heap_lock) = {};

std::byte* BlockAt(Slab* slab, std::size_t index) {
  return reinterpret_cast<std::byte*>(slab) + kHeaderBytes + index * kClasses[slab->size_class].bytes;
}
std::uint64_t* CanaryOf(void* block, std::size_t class_bytes) {
  return reinterpret_cast<std::uint64_t*>(static_cast<std::byte*>(block) + class_bytes - sizeof(std::uint64_t));
}

void LinkSlab(Slab* slab) ESC_REQUIRES(heap_lock) {
  Slab*& head = with_room[slab->size_class];
  slab->next = head;
  slab->previous = nullptr;
  if (head != nullptr) head->previous = slab;
  head = slab;
}
void UnlinkSlab(Slab* slab) ESC_REQUIRES(heap_lock) {
  (slab->previous == nullptr ? with_room[slab->size_class] : slab->previous->next) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
}

Slab* NewSlab(std::size_t size_class) ESC_REQUIRES(heap_lock) {
  const unsigned order = kClasses[size_class].order;
  const Result<FrameNumber> first = AllocateFrames(order);
  if (!first.ok()) return nullptr;
  auto* slab = new (arch::DirectMap(*first)) Slab{};
  slab->size_class = static_cast<std::uint8_t>(size_class);
  slab->capacity =
      static_cast<std::uint16_t>(((kPageSize << order) - kHeaderBytes) / kClasses[size_class].bytes);
  for (std::uint64_t i = 0; i < std::uint64_t{1} << order; ++i) {
    SetFrameNote(*first + i, reinterpret_cast<std::uintptr_t>(slab));
  }
  Poison(reinterpret_cast<std::byte*>(slab) + kHeaderBytes, (kPageSize << order) - kHeaderBytes);
  stats.slab_frames += std::uint64_t{1} << order;
  LinkSlab(slab);
  return slab;
}

void ReleaseSlab(Slab* slab) ESC_REQUIRES(heap_lock) {
  const unsigned order = kClasses[slab->size_class].order;
  UnlinkSlab(slab);
  stats.slab_frames -= std::uint64_t{1} << order;
  FreeFrames(arch::DirectMapAddress(slab).Frame(), order);
}

// What a debug build looks at when a block that was free goes out again.
void CheckStillFreed(void* block, std::size_t class_bytes) {
  if constexpr (!kChecked) return;
  const auto* bytes = static_cast<const std::byte*>(block);
  for (std::size_t i = sizeof(FreeBlock); i < class_bytes - kCanaryBytes; ++i) {
    if (bytes[i] != kFreedByte) Panic("heap: block {:x} of {} bytes was written after it was freed", block, class_bytes);
  }
}

void* AllocateSmall(std::size_t size_class, std::size_t bytes) ESC_EXCLUDES(heap_lock) {
  const std::size_t class_bytes = kClasses[size_class].bytes;
  const SpinLockGuard guard(heap_lock);
  Slab* slab = with_room[size_class];
  if (slab == nullptr && (slab = NewSlab(size_class)) == nullptr) return nullptr;
  void* block = slab->free;
  if (block != nullptr) {
    Unpoison(block, class_bytes);
    slab->free = slab->free->next;
    CheckStillFreed(block, class_bytes);
  } else {
    block = BlockAt(slab, slab->fresh++);
    Unpoison(block, class_bytes);
  }
  if (++slab->live == slab->capacity) UnlinkSlab(slab);
  ++stats.live_blocks;
  stats.live_bytes += class_bytes;
  if constexpr (kChecked) *CanaryOf(block, class_bytes) = kLiveCanary;
  Poison(static_cast<std::byte*>(block) + bytes, class_bytes - bytes);
  return block;
}

void FreeSmall(Slab* slab, void* block) ESC_EXCLUDES(heap_lock) {
  const std::size_t class_bytes = kClasses[slab->size_class].bytes;
  const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(block) - BlockAt(slab, 0));
  if (static_cast<std::byte*>(block) < BlockAt(slab, 0) || offset % class_bytes != 0) {
    Panic("heap: {:x} is not the beginning of a block", block);
  }
  Unpoison(block, class_bytes);
  if constexpr (kChecked) {
    std::uint64_t& canary = *CanaryOf(block, class_bytes);
    if (canary == kFreeCanary) Panic("heap: block {:x} of {} bytes is freed twice", block, class_bytes);
    if (canary != kLiveCanary) Panic("heap: block {:x} of {} bytes was written past its end", block, class_bytes);
    std::memset(block, static_cast<int>(kFreedByte), class_bytes - kCanaryBytes);
    canary = kFreeCanary;
  }
  const SpinLockGuard guard(heap_lock);
  auto* freed = new (block) FreeBlock{slab->free};
  slab->free = freed;
  Poison(block, class_bytes);
  --stats.live_blocks;
  stats.live_bytes -= class_bytes;
  if (slab->live-- == slab->capacity) LinkSlab(slab);
  // One empty slab stays, so that a block that comes and goes does not carry a frame with it each time.
  if (slab->live == 0 && (slab->next != nullptr || slab->previous != nullptr)) ReleaseSlab(slab);
}

void* AllocateLarge(std::size_t bytes) ESC_EXCLUDES(heap_lock) {
  const auto order =
      static_cast<unsigned>(std::bit_width(DivideRoundUp<std::size_t>(std::max<std::size_t>(bytes, 1), kPageSize) - 1));
  const Result<FrameNumber> first = AllocateFrames(order);
  if (!first.ok()) return nullptr;
  SetFrameNote(*first, LargeNote(order));
  const SpinLockGuard guard(heap_lock);
  ++stats.live_blocks;
  stats.live_bytes += kPageSize << order;
  stats.slab_frames += std::uint64_t{1} << order;
  std::byte* block = static_cast<std::byte*>(arch::DirectMap(*first));
  Poison(block + bytes, (kPageSize << order) - bytes);
  return block;
}

void FreeLarge(void* block, FrameNumber first, unsigned order) ESC_EXCLUDES(heap_lock) {
  if (!IsAligned<std::uint64_t>(reinterpret_cast<std::uintptr_t>(block), kPageSize)) {
    Panic("heap: {:x} is not the beginning of a block", block);
  }
  {
    const SpinLockGuard guard(heap_lock);
    --stats.live_blocks;
    stats.live_bytes -= kPageSize << order;
    stats.slab_frames -= std::uint64_t{1} << order;
  }
  FreeFrames(first, order);
}

}  // namespace

void* Allocate(std::size_t bytes, std::size_t alignment) {
  ESC_CHECK(std::has_single_bit(alignment) && alignment <= kPageSize);
  // First of all: sizes near the end of the type would wrap below.
  if (bytes > kPageSize << kMaxOrder || !TakeAllocationAllowance()) return nullptr;
  if (bytes + kCanaryBytes <= kLargestClass && alignment <= kHeaderBytes) {
    std::size_t size_class = kClassOfStep[DivideRoundUp<std::size_t>(bytes + kCanaryBytes, 16)];
    while (size_class < kClasses.size() && AlignmentOf(kClasses[size_class].bytes) < alignment) ++size_class;
    return AllocateSmall(size_class, bytes);
  }
  return AllocateLarge(bytes);
}

void Free(void* block) {
  if (block == nullptr) return;
  const FrameNumber frame = arch::DirectMapAddress(block).Frame();
  const std::uint64_t note = FrameNote(frame);
  if (note == 0) Panic("heap: {:x} is not a heap block", block);
  if (IsLarge(note)) return FreeLarge(block, frame, static_cast<unsigned>(note >> 1));
  FreeSmall(reinterpret_cast<Slab*>(note), block);
}

HeapStats GetHeapStats() {
  const SpinLockGuard guard(heap_lock);
  return stats;
}

void ResetHeapForTest() {
  const SpinLockGuard guard(heap_lock);
  with_room.fill(nullptr);
  stats = {};
}

}  // namespace esc::mm
