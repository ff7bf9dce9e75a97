#include "kernel/arch_x86_64/rate.h"

#include "gtest/gtest.h"

namespace esc::arch::x86 {
namespace {

constexpr std::uint64_t kGiga = 1'000'000'000;

TEST(RateScale, OneGigahertzIsExact) {
  constexpr RateScale scale = RateScale::Between(kGiga, kGiga);
  EXPECT_EQ(scale.Apply(0), 0u);
  EXPECT_EQ(scale.Apply(123'456'789'012'345), 123'456'789'012'345u);
}

TEST(RateScale, ErrorsStayBelowTenToTheMinusEight) {
  for (const std::uint64_t hertz : {1'000'000ull, 1'193'182ull, 333'333'333ull, 2'592'123'456ull, 10'000'000'000ull}) {
    const RateScale to_nanos = RateScale::Between(hertz, kGiga);
    const std::uint64_t hour = to_nanos.Apply(hertz * 3600);
    EXPECT_LE(hour, 3600 * kGiga);
    EXPECT_GE(hour, 3600 * kGiga - 3600 * kGiga / 100'000'000) << hertz;
  }
}

TEST(RateScale, DoesNotOverflowInAHundredYears) {
  const RateScale scale = RateScale::Between(4 * kGiga, kGiga);
  const std::uint64_t century = std::uint64_t{100} * 366 * 86'400;
  EXPECT_EQ(scale.Apply(century * 4 * kGiga), century * kGiga);
}

TEST(RateScale, SaturatesWhereAResultHasMoreThan64Bits) {
  const RateScale scale = RateScale::Between(kGiga, 3 * kGiga);
  const std::uint64_t two_centuries = std::uint64_t{200} * 366 * 86'400 * kGiga;
  EXPECT_EQ(scale.ApplySaturating(two_centuries), ~std::uint64_t{0});
  EXPECT_EQ(scale.ApplySaturating(7), 21u);
}

TEST(SnapToMegahertz, TakesTheNearWholeAndLeavesTheRest) {
  EXPECT_EQ(SnapToMegahertz(1'000'020'000), kGiga);
  EXPECT_EQ(SnapToMegahertz(999'960'000), kGiga);
  EXPECT_EQ(SnapToMegahertz(999'900'000), 999'900'000u);
  EXPECT_EQ(SnapToMegahertz(2'592'300'000), 2'592'300'000u);
  EXPECT_EQ(SnapToMegahertz(12'345), 12'345u);
}

}  // namespace
}  // namespace esc::arch::x86
