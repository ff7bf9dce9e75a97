#include "kernel/base/units.h"

#include <gtest/gtest.h>

namespace esc {
namespace {

TEST(UnitsTest, DurationsAddUp) {
  EXPECT_EQ(Nanos::Millis(2) + Nanos::Micros(3), Nanos{2'003'000});
  EXPECT_EQ(Nanos::Seconds(1) - Nanos::Millis(1), Nanos::Micros(999'000));
  EXPECT_EQ(Nanos::Micros(10) * 3 / 2, Nanos::Micros(15));
  EXPECT_LT(Nanos{-1}, Nanos{});
  EXPECT_GT(Nanos::Max(), Nanos::Seconds(1'000'000'000));
  Nanos sum;
  sum += Nanos{5};
  sum -= Nanos{2};
  EXPECT_EQ(sum, Nanos{3});
}

TEST(UnitsTest, AddressesKnowTheirPage) {
  const VirtAddr address{0x1234'5678};
  EXPECT_EQ(address.PageDown(), VirtAddr{0x1234'5000});
  EXPECT_EQ(address.PageOffset(), 0x678u);
  EXPECT_FALSE(address.PageAligned());
  EXPECT_TRUE(VirtAddr{}.PageAligned());
  EXPECT_EQ((address + 8) - address, 8u);
  EXPECT_EQ(VirtAddr{0xFFFF'FFFF'FFFF'FFFF}.PageDown(), VirtAddr{0xFFFF'FFFF'FFFF'F000});
}

TEST(UnitsTest, FramesAndPhysicalAddressesConvert) {
  EXPECT_EQ(PhysAddr{0x5FFF}.Frame(), FrameNumber{5});
  EXPECT_EQ(AddressOf(FrameNumber{5}), PhysAddr{0x5000});
  EXPECT_EQ(AddressOf(FrameNumber{5} + 2) - AddressOf(FrameNumber{5}), 2 * kPageSize);
}

}  // namespace
}  // namespace esc
