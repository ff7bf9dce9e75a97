// The kernel heap: size classes of 16 bytes to 2 KiB from slabs of frames, larger blocks as whole frames.
//
// Returns nullptr (or kNoMemory) when memory is exhausted, never panics; never call it with a spin lock of rank
// kHeap or above. Blocks are at least 16-byte aligned, those of a power-of-two size class aligned to their
// size up to 64. Debug builds poison freed blocks and check a canary. Cost: O(1) but for slab refills.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "kernel/base/status.h"

namespace esc::mm {

struct HeapStats {
  std::uint64_t live_blocks = 0;
  std::uint64_t live_bytes = 0;    // as rounded to size classes
  std::uint64_t slab_frames = 0;   // frames held by slabs and large blocks
};

void* Allocate(std::size_t bytes, std::size_t alignment = 16);
void Free(void* block);  // nullptr is fine
HeapStats GetHeapStats();
// Forgets everything, together with ResetFramesForTest.
void ResetHeapForTest();

struct HeapDeleter {
  template <class T>
  void operator()(T* object) const {
    void* block = object;
    // The block begins where the whole object does, which need not be where this base of it lies.
    if constexpr (std::is_polymorphic_v<T>) block = dynamic_cast<void*>(object);
    object->~T();
    Free(block);
  }
};
// An owned heap object.
template <class T>
using Owned = std::unique_ptr<T, HeapDeleter>;

// A new T in the heap, or kNoMemory.
template <class T, class... Args>
Result<Owned<T>> New(Args&&... args) {
  void* block = Allocate(sizeof(T), alignof(T));
  if (block == nullptr) return Status::kNoMemory;
  return Owned<T>(new (block) T(std::forward<Args>(args)...));
}

}  // namespace esc::mm
