// Physical memory by frames: a buddy allocator over the machine's RAM, and a record for each frame.
//
// Blocks are 2^order frames, aligned to their size, order 0 .. kMaxOrder. Every frame has a FrameRecord with a
// reference count, so that copy-on-write and shared files know when a frame is free. Locking: one lock of rank
// kFrames inside; all functions may be called from any context that may take it. Cost: O(kMaxOrder).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/arch_api/boot_info.h"
#include "kernel/arch_api/paging.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/mm/frame_order.h"

namespace esc::mm {

struct FrameStats {
  std::uint64_t total = 0;  // frames that the allocator manages
  std::uint64_t free = 0;
  std::array<std::uint64_t, kMaxOrder + 1> free_blocks{};
};

// Takes over all usable, unreserved RAM of `info` (at most `limit_bytes` of it when that is not 0). Call once,
// before anything else here. kNoMemory, with nothing kept, when the records themselves do not fit or fewer than
// `minimum_bytes` are left.
Status InitFrames(const arch::BootInfo& info, std::uint64_t limit_bytes, std::uint64_t minimum_bytes);

// One frame of zeros that any page may show and nobody may write: what a read of untouched memory gets. It keeps a
// reference of its own, so it never looks like somebody's only copy.
FrameNumber SharedZeroFrame();

// 2^order frames with a reference count of one; contents undefined. kNoMemory.
Result<FrameNumber> AllocateFrames(unsigned order);
inline Result<FrameNumber> AllocateFrame() { return AllocateFrames(0); }
Result<FrameNumber> AllocateZeroedFrame();
// Gives back a block whose count is one; the same order as it was allocated with.
void FreeFrames(FrameNumber first, unsigned order);

// Reference counts of single (order 0) frames. DropFrame frees the frame when the last reference goes; DropFrames
// does it for many at the price of one lock.
void ShareFrame(FrameNumber frame);
void DropFrame(FrameNumber frame);
void DropFrames(std::span<const FrameNumber> frames);
std::uint32_t FrameReferences(FrameNumber frame);
// Whether the frame is RAM that the allocator manages (not a device, not the kernel image).
bool ManagedFrame(FrameNumber frame);

FrameStats GetFrameStats();

// One word of a frame's record for its owner: the heap finds by it which slab an address belongs to. Zero in the
// first frame of a new block; nobody else's to use until it is freed.
void SetFrameNote(FrameNumber frame, std::uint64_t note);
std::uint64_t FrameNote(FrameNumber frame);

// Page-table frames come from here.
arch::TableFrameSource& TableFrames();

// For tests and the fault injector: after `allowed` more allocations, of frames or of heap blocks, every one fails;
// ~0 turns it off.
void FailAllocationsAfter(std::uint64_t allowed);
// Takes one allocation from that allowance; false when it is used up. For mm's own allocators.
bool TakeAllocationAllowance();

// Forgets everything, so that InitFrames may be called again on another simulated machine.
void ResetFramesForTest();

}  // namespace esc::mm
