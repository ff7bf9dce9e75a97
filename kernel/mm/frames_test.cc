#include "kernel/mm/frames.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <vector>

#include "kernel/arch_api/paging.h"
#include "kernel/mm/machine_fixture.h"

namespace esc::mm {
namespace {

class FramesTest : public MachineTest {};

TEST_F(FramesTest, AllMemoryIsThereOnce) {
  const FrameStats stats = GetFrameStats();
  // 64 MiB without the machine's own frames and the records.
  EXPECT_GT(stats.total * kPageSize, 63u << 20);
  EXPECT_EQ(stats.free, stats.total - 1) << "the frame of zeros";
  std::set<std::uint64_t> seen;
  std::vector<FrameNumber> frames;
  for (Result<FrameNumber> frame = AllocateFrame(); frame.ok(); frame = AllocateFrame()) {
    ASSERT_TRUE(seen.insert(frame->value).second) << "handed out twice";
    ASSERT_TRUE(ManagedFrame(*frame));
    frames.push_back(*frame);
  }
  EXPECT_EQ(frames.size(), stats.free);
  EXPECT_EQ(GetFrameStats().free, 0u);
  DropFrames(frames);
  EXPECT_EQ(GetFrameStats().free, stats.free);
}

TEST_F(FramesTest, SingleFramesThatLieInTheCacheAreThereForLargeBlocks) {
  std::vector<FrameNumber> frames;
  for (Result<FrameNumber> frame = AllocateFrame(); frame.ok(); frame = AllocateFrame()) frames.push_back(*frame);
  EXPECT_FALSE(AllocateFrames(1).ok());
  // Two buddies, which the cache of single frames keeps apart.
  FrameNumber even = frames[0];
  for (const FrameNumber frame : frames) {
    if (frame.value % 2 == 0 && ManagedFrame(frame + 1)) even = frame;
  }
  DropFrame(even);
  DropFrame(even + 1);
  const Result<FrameNumber> pair = AllocateFrames(1);
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(*pair, even);
  FreeFrames(*pair, 1);
  for (const FrameNumber frame : frames) {
    if (frame != even && frame != even + 1) DropFrame(frame);
  }
}

TEST_F(FramesTest, TheLastReferenceFreesTheFrame) {
  const std::uint64_t before = GetFrameStats().free;
  const FrameNumber frame = AllocateFrame().value();
  EXPECT_EQ(FrameReferences(frame), 1u);
  ShareFrame(frame);
  EXPECT_EQ(FrameReferences(frame), 2u);
  DropFrame(frame);
  EXPECT_EQ(GetFrameStats().free, before - 1);
  DropFrame(frame);
  EXPECT_EQ(GetFrameStats().free, before);
}

TEST_F(FramesTest, ZeroedFramesAreZeroAlsoWhenUsedBefore) {
  const FrameNumber first = AllocateFrame().value();
  std::memset(arch::DirectMap(first), 0xAB, kPageSize);
  DropFrame(first);
  const FrameNumber again = AllocateZeroedFrame().value();
  ASSERT_EQ(again, first) << "the frame freed last goes out first";
  const auto* bytes = static_cast<const unsigned char*>(arch::DirectMap(again));
  for (std::size_t i = 0; i < kPageSize; ++i) ASSERT_EQ(bytes[i], 0);
  DropFrame(again);
}

TEST_F(FramesTest, InjectedFailuresComeAfterTheAllowance) {
  FailAllocationsAfter(2);
  const FrameNumber one = AllocateFrame().value();
  const FrameNumber two = AllocateFrames(3).value();
  EXPECT_EQ(AllocateFrame().status(), Status::kNoMemory);
  EXPECT_EQ(TableFrames().AllocateTableFrame().status(), Status::kNoMemory);
  FailAllocationsAfter(~std::uint64_t{0});
  DropFrame(one);
  FreeFrames(two, 3);
}

TEST_F(FramesTest, ABlockLargerThanTheLargestIsRefused) {
  EXPECT_EQ(AllocateFrames(kMaxOrder + 1).status(), Status::kNoMemory);
  const FrameNumber largest = AllocateFrames(kMaxOrder).value();
  EXPECT_EQ(largest.value % (1u << kMaxOrder), 0u);
  FreeFrames(largest, kMaxOrder);
}

TEST_F(FramesTest, ANewFrameHasNoNote) {
  const FrameNumber frame = AllocateFrame().value();
  SetFrameNote(frame, 77);
  EXPECT_EQ(FrameNote(frame), 77u);
  DropFrame(frame);
  const FrameNumber again = AllocateFrame().value();
  EXPECT_EQ(FrameNote(again), 0u);
  DropFrame(again);
}

using FramesDeathTest = FramesTest;

TEST_F(FramesDeathTest, FreeingTwiceOrWithAnotherOrderIsABug) {
  const FrameNumber frame = AllocateFrames(2).value();
  EXPECT_DEATH(FreeFrames(frame, 1), "check failed");
  FreeFrames(frame, 2);
  EXPECT_DEATH(FreeFrames(frame, 2), "check failed");
  EXPECT_DEATH(DropFrame(frame), "check failed");
  EXPECT_DEATH(ShareFrame(frame), "check failed");
}

// Machines with odd memory maps; no fixture, since each sets its own up.
class FramesInitTest : public ::testing::Test {
 protected:
  void TearDown() override { ResetMemoryForTest(); }
  static arch::MemoryRange Usable(std::uint64_t base, std::uint64_t bytes) {
    return {PhysAddr{base}, bytes, arch::MemoryKind::kUsable};
  }
};

TEST_F(FramesInitTest, LimitsAndMinimaAreKept) {
  host::Machine machine;
  EXPECT_EQ(InitFrames(machine.boot_info(), 0, 65u << 20), Status::kNoMemory);
  EXPECT_EQ(GetFrameStats().total, 0u);
  EXPECT_EQ(InitFrames(machine.boot_info(), 8u << 20, 9u << 20), Status::kNoMemory);
  ASSERT_EQ(InitFrames(machine.boot_info(), 8u << 20, 8u << 20), Status::kOk);
  EXPECT_EQ(GetFrameStats().total, (8u << 20) / kPageSize);
}

TEST_F(FramesInitTest, NoMemoryAtAllIsAnAnswer) {
  host::Machine machine;
  arch::BootInfo nothing;
  EXPECT_EQ(InitFrames(nothing, 0, 0), Status::kNoMemory);
  const std::vector<arch::MemoryRange> tiny = {Usable(0x10'0000, 100), Usable(0x20'0800, 0xFFF)};
  nothing.memory = tiny;
  EXPECT_EQ(InitFrames(nothing, 0, 0), Status::kNoMemory);
  const std::vector<arch::MemoryRange> one_frame = {Usable(0x10'0000, kPageSize)};
  nothing.memory = one_frame;
  EXPECT_EQ(InitFrames(nothing, 0, 0), Status::kNoMemory) << "the records take the only frame";
}

TEST_F(FramesInitTest, HolesAndReservedRangesAreNeverHandedOut) {
  host::Machine machine;
  const std::vector<arch::MemoryRange> memory = {
      Usable(0x20'0000, 0x10'0000),
      {PhysAddr{0x28'0000}, 0x1000, arch::MemoryKind::kReserved},
      Usable(0x10'0000, 0x4000),
      Usable(0x22'0000, 0x8000),
  };
  const std::vector<arch::MemoryRange> reserved = {{PhysAddr{0x20'1800}, 0x1000, arch::MemoryKind::kReserved}};
  arch::BootInfo info;
  info.memory = memory;
  info.reserved = reserved;
  ASSERT_EQ(InitFrames(info, 0, 0), Status::kOk);
  std::vector<FrameNumber> frames;
  for (Result<FrameNumber> frame = AllocateFrame(); frame.ok(); frame = AllocateFrame()) {
    const std::uint64_t at = AddressOf(*frame).value;
    const bool low = at >= 0x10'0000 && at < 0x10'4000;
    const bool high = at >= 0x20'0000 && at < 0x30'0000;
    ASSERT_TRUE(low || high) << std::hex << at;
    ASSERT_TRUE(at != 0x28'0000 && at != 0x20'1000 && at != 0x20'2000) << std::hex << at;
    frames.push_back(*frame);
  }
  EXPECT_EQ(frames.size() + 1, GetFrameStats().total);
  EXPECT_GE(frames.size(), 4u + 256u - 3u - 1u - 3u);
  EXPECT_FALSE(ManagedFrame(FrameNumber{0x280}));
  EXPECT_FALSE(ManagedFrame(FrameNumber{0x10'0000}));
  DropFrames(frames);
}

}  // namespace
}  // namespace esc::mm
