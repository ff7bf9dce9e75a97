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

namespace esc::mm {

inline constexpr unsigned kMaxOrder = 10;  // 4 MiB blocks

struct FrameStats {
  std::uint64_t total = 0;  // frames that the allocator manages
  std::uint64_t free = 0;
  std::array<std::uint64_t, kMaxOrder + 1> free_blocks{};
};

// Takes over all usable, unreserved RAM of `info` (at most `limit_bytes` of it when that is not 0). Call once,
// before anything else here. kNoMemory, with nothing kept, when the records themselves do not fit or fewer than
// `minimum_bytes` are left.
Status InitFrames(const arch::BootInfo& info, std::uint64_t limit_bytes, std::uint64_t minimum_bytes);

// 2^order frames with a reference count of one; contents undefined. kNoMemory.
Result<FrameNumber> AllocateFrames(unsigned order);
inline Result<FrameNumber> AllocateFrame() { return AllocateFrames(0); }
Result<FrameNumber> AllocateZeroedFrame();
// Gives back a block whose count is one; the same order as it was allocated with.
void FreeFrames(FrameNumber first, unsigned order);

// Reference counts of single (order 0) frames. DropFrame frees the frame when the last reference goes.
void ShareFrame(FrameNumber frame);
void DropFrame(FrameNumber frame);
std::uint32_t FrameReferences(FrameNumber frame);
// Whether the frame is RAM that the allocator manages (not a device, not the kernel image).
bool ManagedFrame(FrameNumber frame);

FrameStats GetFrameStats();

// Page-table frames come from here.
arch::TableFrameSource& TableFrames();

// For tests and the fault injector: after `allowed` more allocations every one fails; ~0 turns it off.
void FailAllocationsAfter(std::uint64_t allowed);

}  // namespace esc::mm
