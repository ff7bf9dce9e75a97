#include "kernel/base/bits.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace esc {
namespace {

TEST(BitsTest, AlignsToPowersOfTwo) {
  EXPECT_EQ(AlignDown<std::uint64_t>(0x1FFF, 0x1000), 0x1000u);
  EXPECT_EQ(AlignDown<std::uint64_t>(0x1000, 0x1000), 0x1000u);
  EXPECT_EQ(AlignUp<std::uint64_t>(0x1001, 0x1000), 0x2000u);
  EXPECT_EQ(AlignUp<std::uint64_t>(0x1000, 0x1000), 0x1000u);
  EXPECT_EQ(AlignUp<std::uint32_t>(0, 16), 0u);
  EXPECT_TRUE(IsAligned<std::uint64_t>(0x2000, 0x1000));
  EXPECT_FALSE(IsAligned<std::uint64_t>(0x2001, 0x1000));
  EXPECT_TRUE(IsAligned<std::uint64_t>(0, 64));
}

TEST(BitsTest, AligningUpNearTheEndWrapsAsItsCommentSays) {
  EXPECT_EQ(AlignUp<std::uint64_t>(~std::uint64_t{0}, 0x1000), 0u);
}

TEST(BitsTest, DividingRoundsUpWithoutOverflow) {
  EXPECT_EQ(DivideRoundUp<std::uint64_t>(0, 8), 0u);
  EXPECT_EQ(DivideRoundUp<std::uint64_t>(1, 8), 1u);
  EXPECT_EQ(DivideRoundUp<std::uint64_t>(8, 8), 1u);
  EXPECT_EQ(DivideRoundUp<std::uint64_t>(9, 8), 2u);
  EXPECT_EQ(DivideRoundUp<std::uint64_t>(~std::uint64_t{0}, 2), std::uint64_t{1} << 63);
}

}  // namespace
}  // namespace esc
