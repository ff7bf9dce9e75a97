#include "kernel/arch_x86_64/kernel_map.h"

#include <optional>

#include "gtest/gtest.h"
#include "kernel/arch_x86_64/page_table.h"
#include "kernel/arch_x86_64/page_table_fake.h"

namespace esc::arch::x86 {
namespace {

constexpr VirtAddr kBase{0xFFFF'8000'0000'0000};

class KernelMapTest : public testing::Test {
 protected:
  struct Translation {
    std::uint64_t physical;
    std::uint64_t flags;
    unsigned level;
  };

  // As the hardware walks.
  std::optional<Translation> Walk(VirtAddr address) {
    PhysAddr table = root_;
    for (unsigned level = kLevels; level >= 1; --level) {
      const std::uint64_t entry = memory_.Load(table + std::uint64_t{IndexOf(address.value, level)} * 8);
      if ((entry & kPresent) == 0) return std::nullopt;
      if (level == 1 || (entry & kLarge) != 0) {
        return Translation{(entry & kAddressMask) + address.value % SpanOf(level), entry, level};
      }
      table = PhysAddr{entry & kAddressMask};
    }
    return std::nullopt;
  }

  FakeTableMemory memory_;
  PhysAddr root_ = memory_.Allocate().value();
  KernelMap<FakeTableMemory, FakeTableMemory> map_{memory_, memory_, root_};
};

TEST_F(KernelMapTest, UsesLargePagesOnlyWhereTheyFit) {
  const std::uint64_t begin = kLargePage - 3 * kPageSize, bytes = 3 * kPageSize + kLargePage + 2 * kPageSize;
  ASSERT_EQ(map_.MapRange(kBase + begin, PhysAddr{begin}, bytes, kWritable | kNoExecute), Status::kOk);
  for (std::uint64_t at = begin; at < begin + bytes; at += kPageSize) {
    const auto found = Walk(kBase + at);
    ASSERT_TRUE(found.has_value()) << std::hex << at;
    EXPECT_EQ(found->physical, at);
    EXPECT_EQ(found->level, at >= kLargePage && at < 2 * kLargePage ? 2u : 1u);
    EXPECT_EQ(found->flags & (kWritable | kNoExecute | kUser | kGlobal), kWritable | kNoExecute | kGlobal);
  }
  EXPECT_FALSE(Walk(kBase + (begin - kPageSize)).has_value());
  EXPECT_FALSE(Walk(kBase + (begin + bytes)).has_value());
}

TEST_F(KernelMapTest, AnOffsetThatIsNoMultipleOfALargePageTakesSmallOnes) {
  ASSERT_EQ(map_.MapRange(kBase, PhysAddr{kPageSize}, 2 * kLargePage, 0), Status::kOk);
  EXPECT_EQ(Walk(kBase + kLargePage)->level, 1u);
  EXPECT_EQ(Walk(kBase + kLargePage)->physical, kLargePage + kPageSize);
}

TEST_F(KernelMapTest, WithoutFramesItSaysSo) {
  memory_.frames_left = 2;
  EXPECT_EQ(map_.MapRange(kBase, PhysAddr{0}, kPageSize, 0), Status::kNoMemory);
}

TEST_F(KernelMapTest, ReservedTablesStayEmpty) {
  ASSERT_EQ(map_.ReserveTables(kBase, kLevels - 1), Status::kOk);
  EXPECT_EQ(memory_.tables(), 2u);
  EXPECT_FALSE(Walk(kBase).has_value());
}

}  // namespace
}  // namespace esc::arch::x86
