// Slots of one size for threads, in blocks of frames that are never given back: so an address from an untrusted
// plugin can be checked against them without being touched, and a stale one never leads outside of them.
//
// Locking: one lock inside (kHeap: taken before frames); IsUsed takes none. Cost: O(1), and a hash probe for IsUsed.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kernel/base/spin_lock.h"
#include "kernel/base/status.h"

namespace esc::core {

class ThreadSlab {
 public:
  static constexpr unsigned kBlockOrder = 4;  // 64 KiB
  static constexpr std::size_t kSlotAlignment = 64;
  static constexpr std::size_t kHeaderBytes = 64;  // in front of the slots: one used bit a slot, the free list
  static constexpr std::size_t kMaxSlotBytes = 8 * 1024;

  constexpr ThreadSlab() = default;
  // Once. kOutOfRange when a slot cannot be that large.
  Status Init(std::size_t slot_bytes);
  // slot_bytes() zero bytes, or nullptr.
  void* Allocate();
  void Free(void* slot);
  // Any context, any address.
  bool IsUsed(const void* address) const;
  std::size_t slot_bytes() const { return slot_bytes_; }

 private:
  struct Block;
  static constexpr std::size_t kBuckets = 8192;  // of blocks: room for 65,536 threads of 8 KiB, half full
  static std::size_t BucketOf(std::uintptr_t block);
  Block* NewBlock() ESC_REQUIRES(lock_);
  Block* FindBlock(std::uintptr_t address) const;
  std::uintptr_t BlockBase(std::uintptr_t address) const;

  std::size_t slot_bytes_ = 0;
  std::size_t slots_per_block_ = 0;
  // The direct map's address modulo the size of a block: blocks are aligned as physical memory.
  std::atomic<std::uintptr_t> skew_{0};
  mutable SpinLock lock_{LockRank::kHeap};
  Block* with_room_ ESC_GUARDED_BY(lock_) = nullptr;
  // Open addressing; entries are only ever added, so a probe needs no lock.
  std::array<std::atomic<Block*>, kBuckets> blocks_{};
  std::size_t block_count_ ESC_GUARDED_BY(lock_) = 0;
};

}  // namespace esc::core
