#include "kernel/mm/frame_map.h"

#include <gtest/gtest.h>

#include <vector>

namespace esc::mm {
namespace {

using arch::MemoryKind;
using arch::MemoryRange;

constexpr MemoryRange Usable(std::uint64_t base, std::uint64_t bytes) {
  return {PhysAddr{base}, bytes, MemoryKind::kUsable};
}
constexpr MemoryRange Taken(std::uint64_t base, std::uint64_t bytes) {
  return {PhysAddr{base}, bytes, MemoryKind::kReserved};
}

// Pairs of the first frame and the frame past the last.
using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Runs RunsOf(const std::vector<MemoryRange>& memory, const std::vector<MemoryRange>& reserved = {}) {
  arch::BootInfo info;
  info.memory = memory;
  info.reserved = reserved;
  Runs runs;
  ForEachFreeRun(info, [&](FrameRange run) { runs.emplace_back(run.begin.value, run.end.value); });
  return runs;
}

TEST(FrameMapTest, OnlyWholeFramesOfUsableMemoryCount) {
  EXPECT_EQ(RunsOf({Usable(0x1000, 0x3000)}), (Runs{{1, 4}}));
  EXPECT_EQ(RunsOf({Usable(0x1001, 0x3000)}), (Runs{{2, 4}}));
  EXPECT_EQ(RunsOf({Usable(0x1001, 0xFFF)}), Runs{});
  EXPECT_EQ(RunsOf({}), Runs{});
  EXPECT_EQ(RunsOf({{PhysAddr{0x1000}, 0x3000, MemoryKind::kAcpi}}), Runs{});
}

TEST(FrameMapTest, FrameZeroIsNeverHandedOut) { EXPECT_EQ(RunsOf({Usable(0, 0x4000)}), (Runs{{1, 4}})); }

TEST(FrameMapTest, WhatIsTakenIsCutOutByEveryFrameThatItTouches) {
  EXPECT_EQ(RunsOf({Usable(0x1000, 0x9000)}, {Taken(0x3FFF, 2)}), (Runs{{1, 3}, {5, 10}}));
  EXPECT_EQ(RunsOf({Usable(0x1000, 0x9000)}, {Taken(0x3000, 0)}), (Runs{{1, 10}}));
  EXPECT_EQ(RunsOf({Usable(0x1000, 0x9000), Taken(0x2000, 0x1000)}), (Runs{{1, 2}, {3, 10}}));
  EXPECT_EQ(RunsOf({Usable(0x1000, 0x9000)}, {Taken(0, 0x10'0000)}), Runs{});
}

TEST(FrameMapTest, RangesMayBeUnsortedAndOverlap) {
  EXPECT_EQ(RunsOf({Usable(0x8000, 0x4000), Usable(0x1000, 0x4000), Usable(0x3000, 0x4000)}), (Runs{{1, 7}, {8, 12}}));
  EXPECT_EQ(RunsOf({Usable(0x5000, 0x1000), Usable(0x4000, 0x1000)}), (Runs{{4, 6}})) << "neighbours join";
  EXPECT_EQ(RunsOf({Usable(0x1000, 0x9000)}, {Taken(0x6000, 0x1000), Taken(0x2000, 0x2000), Taken(0x3000, 0x2000)}),
            (Runs{{1, 2}, {5, 6}, {7, 10}}));
}

TEST(FrameMapTest, RangesThatWrapOrReachPastAllMemoryEnd) {
  EXPECT_EQ(RunsOf({Usable(0x1000, 0x2000), Usable(~std::uint64_t{0} - 0xFFF, 0x2000)}), (Runs{{1, 3}}));
  EXPECT_EQ(RunsOf({Usable(0x1000, 0x9000)}, {Taken(0x5000, ~std::uint64_t{0})}), (Runs{{1, 5}}));
}

TEST(FrameMapTest, FindsTheLowestRunThatIsLongEnough) {
  const std::vector<MemoryRange> memory = {Usable(0x10'0000, 0x10'0000), Usable(0x1000, 0x4000)};
  arch::BootInfo info;
  info.memory = memory;
  EXPECT_EQ(FindFreeRun(info, 3), (FrameRange{FrameNumber{1}, FrameNumber{4}}));
  EXPECT_EQ(FindFreeRun(info, 5), (FrameRange{FrameNumber{256}, FrameNumber{261}}));
  EXPECT_FALSE(FindFreeRun(info, 1000));
  EXPECT_EQ(UsableSpan(info), (FrameRange{FrameNumber{1}, FrameNumber{512}}));
}

}  // namespace
}  // namespace esc::mm
