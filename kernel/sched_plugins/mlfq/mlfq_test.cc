#include "kernel/sched_plugins/mlfq/mlfq.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/conformance/machine.h"

namespace esc::sched::mlfq {
namespace {

using conformance::Machine;
using conformance::Options;
using conformance::ThreadId;
using conformance::ThreadState;

// Slices of 4, 8 and 16 ms; a boost at each multiple of 500 ms. The machine's clock starts at 3 ms.
const Options kThreeLevels{.parameters = {3, 4'000, 2, 500'000}};

TEST(Mlfq, SlicesGrowAsAThreadSinks) {
  Machine machine(kDescriptor, kThreeLevels);
  machine.New();
  machine.New();
  machine.RunFor(Nanos{3'999'999});
  EXPECT_EQ(machine.picks(), "A");
  machine.RunFor(Nanos{1} + Nanos::Millis(4));  // B's 4 ms
  EXPECT_EQ(machine.picks(), "ABA");
  machine.RunFor(Nanos::Millis(8 + 8));
  EXPECT_EQ(machine.picks(), "ABABA");
  machine.RunFor(Nanos::Millis(15));
  EXPECT_EQ(machine.picks(), "ABABA");
  machine.RunFor(Nanos::Millis(1 + 16));  // the lowest level goes round
  EXPECT_EQ(machine.picks(), "ABABABA");
}

TEST(Mlfq, AWokenThreadPreemptsOneThatSank) {
  Machine machine(kDescriptor, kThreeLevels);
  const ThreadId hog = machine.New();
  const ThreadId interactive = machine.New();
  machine.RunFor(Nanos::Millis(5));  // the hog sank after 4 ms, and then the other ran for 1 ms
  machine.Block(interactive);
  machine.RunFor(Nanos::Millis(2));
  ASSERT_EQ(machine.State(hog), ThreadState::kRunning);
  machine.Wake(interactive);
  EXPECT_EQ(machine.State(interactive), ThreadState::kRunning);
}

TEST(Mlfq, YieldingJustBeforeTheEndOfTheSliceGainsNothing) {
  Machine machine(kDescriptor, kThreeLevels);
  const ThreadId cheat = machine.New();
  machine.RunFor(Nanos::Micros(3'900));
  machine.Yield(cheat);
  machine.RunFor(Nanos::Micros(100));  // 4 ms in all: it sinks here
  const ThreadId fresh = machine.New();
  EXPECT_EQ(machine.State(fresh), ThreadState::kRunning);
}

TEST(Mlfq, BlockingJustBeforeTheEndOfTheSliceGainsNothing) {
  Machine machine(kDescriptor, kThreeLevels);
  const ThreadId cheat = machine.New();
  for (int i = 0; i < 2; ++i) {
    machine.RunFor(Nanos::Micros(2'000));
    machine.Block(cheat);
    machine.RunFor(Nanos::Micros(100));
    machine.Wake(cheat);
  }
  const ThreadId fresh = machine.New();
  EXPECT_EQ(machine.State(fresh), ThreadState::kRunning);
}

TEST(Mlfq, AChildStartsWhereItsParentIs) {
  Machine machine(kDescriptor, kThreeLevels);
  const ThreadId parent = machine.New();
  machine.RunFor(Nanos::Millis(5));
  const ThreadId child = machine.Fork(parent);
  machine.Block(parent);
  ASSERT_EQ(machine.State(child), ThreadState::kRunning);
  const ThreadId fresh = machine.New();
  EXPECT_EQ(machine.State(fresh), ThreadState::kRunning);
}

// A thread at the bottom, and always one waiting at the top: it never comes up but for the boost.
TEST(Mlfq, TheBoostBringsASunkenThreadBackToTheTop) {
  Machine machine(kDescriptor, kThreeLevels);
  const ThreadId hog = machine.New();
  machine.RunFor(Nanos::Millis(60));
  const Nanos before = machine.Runtime(hog);
  EXPECT_EQ(before, Nanos::Millis(60));
  // A new thread every 4 ms, each of which exits before it sinks, and not before the next one is there.
  ThreadId running = machine.New();
  for (int rounds = 0; machine.Runtime(hog) == before && rounds < 1000; ++rounds) {
    machine.RunFor(Nanos::Micros(3'900));
    const ThreadId next = machine.New();
    machine.Exit(running);
    running = next;
  }
  // From 63 ms to the boost at 500 ms.
  EXPECT_GE(machine.now(), Nanos::Millis(500));
  EXPECT_LE(machine.now(), Nanos::Millis(500 + 3 * 4));
  EXPECT_FALSE(machine.finding());
}

// A period of 500 ms has room for some of the threads to have one turn more than the others; it must not be the same
// ones each time, with the ticks that cut a turn into many charges and without.
TEST(Mlfq, ThreadsThatNeverBlockStayCloseOverManyBoosts) {
  for (const ThreadId threads : {2u, 3u, 5u, 7u}) {
    for (const Nanos tick : {Nanos{}, Nanos::Millis(1)}) {
      Machine machine(kDescriptor, {.tick = tick});
      for (ThreadId thread = 0; thread < threads; ++thread) machine.New();
      Nanos apart{};
      for (int period = 0; period < 40; ++period) {
        machine.RunFor(Nanos::Millis(499));
        Nanos least = Nanos::Max(), most{};
        for (ThreadId thread = 0; thread < threads; ++thread) {
          least = std::min(least, machine.Runtime(thread));
          most = std::max(most, machine.Runtime(thread));
        }
        apart = std::max(apart, most - least);
      }
      EXPECT_LE(apart, Nanos::Millis(64)) << threads << " threads, tick " << tick.value;  // two of the longest turns
    }
  }
}

TEST(Mlfq, ATurnThatRunsAcrossABoostIsNotCutAndTheThreadIsLastAtTheTop) {
  Machine machine(kDescriptor, kThreeLevels);
  machine.New();
  machine.New();
  // 4 ms each, 8 ms each, and then 16 ms each: the boost at 500 ms falls into B's turn from 491 to 507 ms.
  machine.RunFor(Nanos::Millis(507 - 3) - Nanos{1});
  EXPECT_TRUE(machine.picks().ends_with("AB")) << machine.picks();
  machine.RunFor(Nanos{1});
  EXPECT_TRUE(machine.picks().ends_with("ABA")) << machine.picks();
  machine.RunFor(Nanos::Millis(4));
  EXPECT_TRUE(machine.picks().ends_with("ABAB")) << machine.picks();
  machine.RunFor(Nanos::Millis(4));
  EXPECT_TRUE(machine.picks().ends_with("ABABA")) << machine.picks();
}

TEST(Mlfq, ASliceThatGrowsPastTheLimitIsRefused) {
  FixedText<200> message;
  const std::uint64_t too_long[] = {8, 1'000'000, 8, 500'000};
  EXPECT_EQ(kDescriptor.check_parameters(too_long, message), Status::kOutOfRange);
  EXPECT_EQ(message.view(),
            "base_slice_us 1000000 times slice_factor 8 at each of 8 levels gives a slice of 2097152000000 us; at most "
            "10000000 us");
}

TEST(Mlfq, ABoostShorterThanASliceIsRefused) {
  FixedText<200> message;
  const std::uint64_t values[] = {3, 4'000, 2, 15'999};
  EXPECT_EQ(kDescriptor.check_parameters(values, message), Status::kOutOfRange);
  EXPECT_EQ(message.view(), "boost_us is 15999; at least 16000, the slice of the lowest level");
}

}  // namespace
}  // namespace esc::sched::mlfq
