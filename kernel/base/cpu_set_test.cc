#include "kernel/base/cpu_set.h"

#include <gtest/gtest.h>

namespace esc {
namespace {

TEST(CpuSetTest, HoldsWhatWasAdded) {
  CpuSet set;
  EXPECT_TRUE(set.Empty());
  EXPECT_EQ(set.First(), kNoCpu);
  set.Add(CpuId{63});
  set.Add(CpuId{5});
  EXPECT_EQ(set.Count(), 2);
  EXPECT_EQ(set.First(), CpuId{5});
  EXPECT_TRUE(set.Contains(CpuId{63}));
  EXPECT_FALSE(set.Contains(CpuId{6}));
  set.Remove(CpuId{5});
  EXPECT_EQ(set, CpuSet::Of(CpuId{63}));
}

TEST(CpuSetTest, NumbersThatAreNoCpuAreInNoSet) {
  EXPECT_FALSE(CpuSet::All().Contains(CpuId{64}));
  EXPECT_FALSE(CpuSet::All().Contains(kNoCpu));
}

TEST(CpuSetTest, TheFirstNReachesAllOfThem) {
  EXPECT_TRUE(CpuSet::FirstN(0).Empty());
  EXPECT_EQ(CpuSet::FirstN(3).mask(), 7u);
  EXPECT_EQ(CpuSet::FirstN(63).Count(), 63);
  EXPECT_EQ(CpuSet::FirstN(64), CpuSet::All());
  EXPECT_EQ(CpuSet::FirstN(1000), CpuSet::All());
}

TEST(CpuSetTest, UnionAndIntersection) {
  const CpuSet low = CpuSet::FirstN(4);
  const CpuSet odd = CpuSet::FromMask(0b101010);
  EXPECT_EQ((low & odd).mask(), 0b1010u);
  EXPECT_EQ((low | odd).mask(), 0b101111u);
}

}  // namespace
}  // namespace esc
