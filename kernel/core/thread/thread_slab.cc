#include "kernel/core/thread/thread_slab.h"

#include <bit>
#include <cstring>
#include <new>

#include "kernel/arch_api/paging.h"
#include "kernel/base/bits.h"
#include "kernel/base/check.h"
#include "kernel/mm/frames.h"

namespace esc::core {
namespace {
constexpr std::size_t kBlockBytes = kPageSize << ThreadSlab::kBlockOrder;
constexpr std::size_t kMaxSlots = 64;  // bits of the used mask
}  // namespace

// Lies at the start of its own frames.
struct ThreadSlab::Block {
  std::atomic<std::uint64_t> used{0};  // read by IsUsed without the lock
  Block* next_with_room = nullptr;
  bool listed = false;
};

Status ThreadSlab::Init(std::size_t slot_bytes) {
  static_assert(sizeof(Block) <= kHeaderBytes);
  slot_bytes_ = AlignUp<std::size_t>(slot_bytes, kSlotAlignment);
  if (slot_bytes_ > kMaxSlotBytes) return Status::kOutOfRange;
  slots_per_block_ = (kBlockBytes - kHeaderBytes) / slot_bytes_;
  if (slots_per_block_ > kMaxSlots) slots_per_block_ = kMaxSlots;
  return Status::kOk;
}

std::size_t ThreadSlab::BucketOf(std::uintptr_t block) {
  // Fibonacci hashing of the block's number.
  return static_cast<std::size_t>((block / kBlockBytes * 0x9E37'79B9'7F4A'7C15u) >> (64 - std::bit_width(kBuckets - 1)));
}

ThreadSlab::Block* ThreadSlab::NewBlock() {
  if (block_count_ >= kBuckets / 2) return nullptr;
  const Result<FrameNumber> frames = mm::AllocateFrames(kBlockOrder);
  if (!frames.ok()) return nullptr;
  void* memory = arch::DirectMap(*frames);
  skew_.store(reinterpret_cast<std::uintptr_t>(memory) % kBlockBytes, std::memory_order_relaxed);
  auto* block = new (memory) Block();
  std::size_t bucket = BucketOf(reinterpret_cast<std::uintptr_t>(memory));
  while (blocks_[bucket].load(std::memory_order_relaxed) != nullptr) bucket = (bucket + 1) % kBuckets;
  blocks_[bucket].store(block, std::memory_order_release);
  ++block_count_;
  block->next_with_room = with_room_;
  block->listed = true;
  with_room_ = block;
  return block;
}

void* ThreadSlab::Allocate() {
  SpinLockGuard guard(lock_);
  Block* block = with_room_ != nullptr ? with_room_ : NewBlock();
  if (block == nullptr) return nullptr;
  const std::uint64_t used = block->used.load(std::memory_order_relaxed);
  const auto index = static_cast<std::size_t>(std::countr_one(used));
  ESC_CHECK(index < slots_per_block_);
  block->used.store(used | std::uint64_t{1} << index, std::memory_order_release);
  if (static_cast<std::size_t>(std::countr_one(block->used.load(std::memory_order_relaxed))) >= slots_per_block_) {
    with_room_ = block->next_with_room;
    block->listed = false;
  }
  auto* slot = reinterpret_cast<std::byte*>(block) + kHeaderBytes + index * slot_bytes_;
  std::memset(slot, 0, slot_bytes_);
  return slot;
}

void ThreadSlab::Free(void* slot) {
  SpinLockGuard guard(lock_);
  ESC_CHECK(IsUsed(slot));
  const auto address = reinterpret_cast<std::uintptr_t>(slot);
  auto* block = reinterpret_cast<Block*>(BlockBase(address));
  const std::size_t index = (address - BlockBase(address) - kHeaderBytes) / slot_bytes_;
  block->used.fetch_and(~(std::uint64_t{1} << index), std::memory_order_release);
  if (block->listed) return;
  block->next_with_room = with_room_;
  block->listed = true;
  with_room_ = block;
}

std::uintptr_t ThreadSlab::BlockBase(std::uintptr_t address) const {
  const std::uintptr_t skew = skew_.load(std::memory_order_relaxed);
  return AlignDown<std::uintptr_t>(address - skew, kBlockBytes) + skew;
}

ThreadSlab::Block* ThreadSlab::FindBlock(std::uintptr_t address) const {
  const std::uintptr_t base = BlockBase(address);
  for (std::size_t bucket = BucketOf(base);; bucket = (bucket + 1) % kBuckets) {
    Block* block = blocks_[bucket].load(std::memory_order_acquire);
    if (block == nullptr || reinterpret_cast<std::uintptr_t>(block) == base) return block;
  }
}

bool ThreadSlab::IsUsed(const void* address) const {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  const Block* block = FindBlock(at);
  if (block == nullptr) return false;
  const std::size_t offset = at - reinterpret_cast<std::uintptr_t>(block);
  if (offset < kHeaderBytes || (offset - kHeaderBytes) % slot_bytes_ != 0) return false;
  const std::size_t index = (offset - kHeaderBytes) / slot_bytes_;
  return index < slots_per_block_ && (block->used.load(std::memory_order_acquire) >> index & 1) != 0;
}

}  // namespace esc::core
