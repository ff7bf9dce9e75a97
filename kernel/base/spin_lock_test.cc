#include "kernel/base/spin_lock.h"

#include <gtest/gtest.h>

#include "kernel/base/port.h"

namespace esc {
namespace {

TEST(SpinLockTest, AGuardHoldsTheLockWithInterruptsOff) {
  SpinLock lock(LockRank::kProcess);
  ASSERT_TRUE(port::InterruptsEnabled());
  {
    const SpinLockGuard guard(lock);
    EXPECT_TRUE(lock.held());
    EXPECT_FALSE(port::InterruptsEnabled());
    lock.AssertHeld();
  }
  EXPECT_FALSE(lock.held());
  EXPECT_TRUE(port::InterruptsEnabled());
}

TEST(SpinLockTest, GuardsNestInRisingRankAndRestoreTheFlagOnceAtTheEnd) {
  SpinLock outer(LockRank::kProcess);
  SpinLock inner(LockRank::kFrames);
  {
    const SpinLockGuard first(outer);
    {
      const SpinLockGuard second(inner);
      EXPECT_EQ(port::CurrentLockTrace().depth, 2u);
      EXPECT_EQ(port::CurrentLockTrace().held[1], LockRank::kFrames);
    }
    EXPECT_FALSE(port::InterruptsEnabled());
    EXPECT_EQ(port::CurrentLockTrace().depth, 1u);
  }
  EXPECT_TRUE(port::InterruptsEnabled());
  EXPECT_EQ(port::CurrentLockTrace().depth, 0u);
}

TEST(SpinLockTest, AnInterruptGuardKeepsWhatWas) {
  const InterruptGuard outer;
  {
    const InterruptGuard inner;
  }
  EXPECT_FALSE(port::InterruptsEnabled());
}

TEST(SpinLockTest, InterruptsCanBeTurnedOnWithoutAnEarlierState) {
  (void)port::DisableInterrupts();
  port::EnableInterrupts();
  EXPECT_TRUE(port::InterruptsEnabled());
}

TEST(SpinLockDeathTest, AWrongOrderNamesBothRanks) {
  SpinLock outer(LockRank::kFrames);
  SpinLock inner(LockRank::kProcess);
  EXPECT_DEATH(
      {
        const SpinLockGuard first(outer);
        const SpinLockGuard second(inner);
      },
      "rank 20 .* rank 70");
}

TEST(SpinLockDeathTest, TwoLocksOfOneRankAreNeverHeldTogether) {
  SpinLock one(LockRank::kProcess);
  SpinLock other(LockRank::kProcess);
  EXPECT_DEATH(
      {
        const SpinLockGuard first(one);
        const SpinLockGuard second(other);
      },
      "out of rank order");
}

TEST(SpinLockDeathTest, TakingALockWithInterruptsOnIsABug) {
  SpinLock lock(LockRank::kLeaf);
  EXPECT_DEATH(
      {
        lock.Acquire();
        lock.Release();
      },
      "check failed: !port::InterruptsEnabled");
}

TEST(SpinLockDeathTest, AssertingALockThatNobodyHoldsIsABug) {
  SpinLock lock(LockRank::kLeaf);
  EXPECT_DEATH(lock.AssertHeld(), "check failed: held");
}

}  // namespace
}  // namespace esc
