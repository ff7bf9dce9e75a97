// A fixture for tests that need physical memory: a simulated machine with mm set up on it, torn down after each test, which
// fails if a frame or a heap block is left.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>

#include "kernel/arch_host/machine.h"
#include "kernel/base/status.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/kernel_stack.h"

namespace esc::mm {

// The leak check: heap blocks that are live, and frames that are taken though nothing of the heap holds them.
struct MemoryInUse {
  std::uint64_t blocks = 0;
  std::uint64_t frames = 0;
  bool operator==(const MemoryInUse&) const = default;
};

inline MemoryInUse CurrentMemoryInUse() {
  const FrameStats frames = GetFrameStats();
  const HeapStats heap = GetHeapStats();
  return {heap.live_blocks, frames.total - frames.free - heap.slab_frames};
}

inline void ResetMemoryForTest() {
  ResetKernelStacksForTest();
  ResetHeapForTest();
  ResetFramesForTest();
}

class MachineTest : public ::testing::Test {
 protected:
  explicit MachineTest(host::MachineOptions options = {}) : machine_(std::move(options)) {}

  void SetUp() override {
    ASSERT_EQ(InitFrames(machine_.boot_info(), 0, 0), Status::kOk);
    at_start_ = CurrentMemoryInUse();
  }
  void TearDown() override {
    FailAllocationsAfter(~std::uint64_t{0});
    if (check_leaks_) {
      EXPECT_EQ(CurrentMemoryInUse().blocks, at_start_.blocks);
      EXPECT_EQ(CurrentMemoryInUse().frames, at_start_.frames);
    }
    ResetMemoryForTest();
  }

  host::Machine machine_;
  MemoryInUse at_start_;
  bool check_leaks_ = true;  // off where a test keeps what caches hold
};

}  // namespace esc::mm
