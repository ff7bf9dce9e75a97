#include "kernel/arch_x86_64/rtc.h"

#include "gtest/gtest.h"

namespace esc::arch::x86 {
namespace {

constexpr std::uint8_t kBinary24 = 0x06, kBcd24 = 0x02, kBcd12 = 0x00;

TEST(Rtc, KnownDays) {
  EXPECT_EQ(DaysSince1970(1970, 1, 1), 0);
  EXPECT_EQ(DaysSince1970(2000, 2, 29), 11'016);
  EXPECT_EQ(DaysSince1970(2000, 3, 1), 11'017);
  EXPECT_EQ(DaysSince1970(2026, 1, 1), 20'454);
  EXPECT_EQ(DaysSince1970(2100, 3, 1) - DaysSince1970(2100, 2, 28), 1);
}

TEST(Rtc, BinaryAndBcdSayTheSame) {
  const RtcRegisters binary{45, 30, 13, 22, 11, 26, kBinary24};
  const RtcRegisters bcd{0x45, 0x30, 0x13, 0x22, 0x11, 0x26, kBcd24};
  EXPECT_EQ(TimeOf(binary), TimeOf(bcd));
  EXPECT_EQ(TimeOf(bcd), Nanos::Seconds(1'795'354'245));
}

TEST(Rtc, TwelveHours) {
  const RtcRegisters noon{0, 0, 0x92, 1, 1, 0x26, kBcd12}, midnight{0, 0, 0x12, 1, 1, 0x26, kBcd12};
  EXPECT_EQ(TimeOf(noon) - TimeOf(midnight), Nanos::Seconds(12 * 3600));
  EXPECT_EQ(TimeOf(midnight), Nanos::Seconds(1'767'225'600));
}

TEST(Rtc, NonsenseIsTheEpoch) {
  EXPECT_EQ(TimeOf({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}), Nanos{});
  EXPECT_EQ(TimeOf({0, 0, 0, 1, 0, 0x26, kBcd24}), Nanos{});
}

}  // namespace
}  // namespace esc::arch::x86
