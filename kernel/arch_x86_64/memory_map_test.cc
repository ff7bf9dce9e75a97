#include "kernel/arch_x86_64/memory_map.h"

#include <vector>

#include "gtest/gtest.h"

namespace esc::arch {

inline bool operator==(const MemoryRange& a, const MemoryRange& b) {
  return a.base == b.base && a.bytes == b.bytes && a.kind == b.kind;
}

namespace x86 {
namespace {

constexpr MemoryKind kRam = MemoryKind::kUsable, kAcpi = MemoryKind::kAcpi, kHole = MemoryKind::kReserved;

constexpr PhysAddr kEnd{1 << 30};

MemoryRange Range(std::uint64_t begin, std::uint64_t end, MemoryKind kind = kRam) {
  return {PhysAddr{begin}, end - begin, kind};
}

std::vector<MemoryRange> Normalized(std::vector<MemoryRange> ranges) {
  const auto result = NormalizeMemoryMap(ranges, kEnd);
  EXPECT_TRUE(result.ok());
  const auto span = result->span();
  return {span.begin(), span.end()};
}

TEST(NormalizeMemoryMap, SortsAndMerges) {
  EXPECT_EQ(Normalized({Range(0x3000, 0x4000), Range(0x1000, 0x2000), Range(0x2000, 0x3000)}),
            std::vector{Range(0x1000, 0x4000)});
}

TEST(NormalizeMemoryMap, KeepsHoles) {
  EXPECT_EQ(Normalized({Range(0x1000, 0x2000), Range(0x5000, 0x6000)}),
            (std::vector{Range(0x1000, 0x2000), Range(0x5000, 0x6000)}));
}

TEST(NormalizeMemoryMap, TheMoreReservedKindWins) {
  EXPECT_EQ(Normalized({Range(0x1000, 0x9000), Range(0x3000, 0x5000, kHole), Range(0x4000, 0x6000, kAcpi)}),
            (std::vector{Range(0x1000, 0x3000), Range(0x3000, 0x5000, kHole), Range(0x5000, 0x6000, kAcpi),
                         Range(0x6000, 0x9000)}));
}

TEST(NormalizeMemoryMap, LeavesOutWhatLiesBeyondTheEnd) {
  EXPECT_EQ(Normalized({Range(0x1000, 0x2000), Range(kEnd.value - 0x1000, kEnd.value + 0x1000),
                        Range(kEnd.value, kEnd.value + 0x9000), Range(std::uint64_t{1} << 50, std::uint64_t{1} << 51)}),
            (std::vector{Range(0x1000, 0x2000), Range(kEnd.value - 0x1000, kEnd.value)}));
}

TEST(NormalizeMemoryMap, RefusesWrapping) {
  const MemoryRange range{PhysAddr{~std::uint64_t{0}}, 5, kRam};
  EXPECT_EQ(NormalizeMemoryMap({&range, 1}, kEnd).status(), Status::kCorrupt);
}

TEST(CheckReserved, SortsAndDropsTheEmpty) {
  const std::vector memory{Range(0x1000, 0x9000)};
  const std::vector taken{Range(0x5000, 0x6000), Range(0x1000, 0x2000), Range(0, 0)};
  const auto result = CheckReserved(taken, memory);
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->size(), 2u);
  EXPECT_EQ((*result)[0], Range(0x1000, 0x2000));
}

TEST(CheckReserved, RefusesOverlapsAndWhatLiesOutsideMemory) {
  const std::vector memory{Range(0x1000, 0x9000), Range(0x9000, 0xA000, kAcpi)};
  const auto check = [&](std::vector<MemoryRange> taken) { return CheckReserved(taken, memory).status(); };
  EXPECT_EQ(check({Range(0x1000, 0x3000), Range(0x2000, 0x4000)}), Status::kCorrupt);
  EXPECT_EQ(check({Range(0x8000, 0xA000)}), Status::kCorrupt);
  EXPECT_EQ(check({Range(0x20000, 0x21000)}), Status::kCorrupt);
  EXPECT_EQ(check({{PhysAddr{0x2000}, ~std::uint64_t{0}, kRam}}), Status::kCorrupt);
  EXPECT_EQ(check({Range(0x1000, 0x3000), Range(0x3000, 0x4000)}), Status::kOk);
}

TEST(CheckReserved, RefusesWhatReachesIntoAPageThatIsMemoryInPart) {
  const std::vector memory{Range(0x1800, 0x9C00)};
  const auto check = [&](std::uint64_t begin, std::uint64_t end) {
    return CheckReserved(std::vector{Range(begin, end)}, memory).status();
  };
  EXPECT_EQ(check(0x2000, 0x9000), Status::kOk);
  EXPECT_EQ(check(0x1800, 0x3000), Status::kCorrupt);
  EXPECT_EQ(check(0x8000, 0x9100), Status::kCorrupt);
}

TEST(LargestGap, LiesBetweenWhatIsTaken) {
  const std::vector memory{Range(0x1000, 0x20000), Range(0x30000, 0x38000)};
  const std::vector taken{Range(0x4000, 0x5000), Range(0x18000, 0x19001)};
  EXPECT_EQ(LargestGap(memory, taken, PhysAddr{0}, PhysAddr{1 << 30}), Range(0x5000, 0x18000));
  EXPECT_EQ(LargestGap(memory, taken, PhysAddr{0x16000}, PhysAddr{1 << 30}), Range(0x30000, 0x38000));
  EXPECT_EQ(LargestGap(memory, taken, PhysAddr{0x18000}, PhysAddr{0x20000}), Range(0x1A000, 0x20000));
  EXPECT_EQ(LargestGap(memory, taken, PhysAddr{0x20000}, PhysAddr{0x30000}), std::nullopt);
}

}  // namespace
}  // namespace x86
}  // namespace esc::arch
