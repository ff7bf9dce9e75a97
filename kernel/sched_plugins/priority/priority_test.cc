#include "kernel/sched_plugins/priority/priority.h"

#include <gtest/gtest.h>

#include "tests/conformance/machine.h"

namespace esc::sched::priority {
namespace {

using conformance::Machine;
using conformance::Options;
using conformance::ThreadId;
using conformance::ThreadState;

Parameters At(PriorityLevel level) {
  Parameters parameters;
  parameters.priority = level;
  return parameters;
}

const Options kTenMsSlice{.parameters = {10'000, 100'000}};

TEST(Priority, HigherLevelsRunFirst) {
  Machine machine(kDescriptor, kTenMsSlice);
  const ThreadId idle = machine.New(At(PriorityLevel::kIdle));
  const ThreadId high = machine.New(At(PriorityLevel::kHigh));
  const ThreadId real_time = machine.New(At(PriorityLevel::kRealTime));
  const ThreadId low = machine.New(At(PriorityLevel::kLow));
  machine.RunFor(Nanos::Millis(1));
  for (const ThreadId thread : {real_time, high, low, idle}) {
    EXPECT_EQ(machine.State(thread), ThreadState::kRunning) << thread;
    machine.Block(thread);
  }
}

TEST(Priority, AWokenThreadTakesTheCpuFromALowerOneAtOnce) {
  Machine machine(kDescriptor, kTenMsSlice);
  const ThreadId normal = machine.New(At(PriorityLevel::kNormal));
  machine.RunFor(Nanos::Millis(3));
  const ThreadId high = machine.New(At(PriorityLevel::kHigh));
  EXPECT_EQ(machine.State(high), ThreadState::kRunning);
  EXPECT_EQ(machine.State(normal), ThreadState::kReady);
}

TEST(Priority, AWokenThreadDoesNotTakeTheCpuFromAnEqual) {
  Machine machine(kDescriptor, kTenMsSlice);
  machine.New(At(PriorityLevel::kNormal));
  machine.RunFor(Nanos::Millis(3));
  const ThreadId equal = machine.New(At(PriorityLevel::kNormal));
  EXPECT_EQ(machine.State(equal), ThreadState::kReady);
}

TEST(Priority, EqualsTakeTurnsAndAPreemptedOneKeepsTheRestOfItsSlice) {
  Machine machine(kDescriptor, kTenMsSlice);
  machine.New();
  machine.New();
  machine.RunFor(Nanos::Millis(6));
  const ThreadId high = machine.New(At(PriorityLevel::kHigh));
  machine.RunFor(Nanos::Millis(2));
  machine.Block(high);
  machine.RunFor(Nanos{3'999'999});
  EXPECT_EQ(machine.picks(), "ACA");
  machine.RunFor(Nanos{1});
  EXPECT_EQ(machine.picks(), "ACAB");
}

TEST(Priority, AWaitingThreadRisesOneLevelAnAgingPeriod) {
  Machine machine(kDescriptor, kTenMsSlice);
  machine.New(At(PriorityLevel::kRealTime));
  const ThreadId low = machine.New(At(PriorityLevel::kLow));  // three levels below
  machine.RunFor(Nanos::Millis(309));  // three periods, then a turn of the one that is there already
  EXPECT_EQ(machine.Runtime(low), Nanos{});
  machine.RunFor(Nanos::Millis(2));
  EXPECT_EQ(machine.Runtime(low), Nanos::Millis(1));
  // One slice for its wait, then it is low again.
  machine.RunFor(Nanos::Millis(200));
  EXPECT_EQ(machine.Runtime(low), Nanos::Millis(10));
}

// It comes behind those that are there already, so it rises after them: its time counts from theirs.
TEST(Priority, AThreadThatRisesCountsFromTheLastOneOfItsNewLevel) {
  Machine machine(kDescriptor, kTenMsSlice);
  const ThreadId hog = machine.New(At(PriorityLevel::kRealTime));  // picks every 10 ms from now on
  machine.RunFor(Nanos::Millis(4));
  const ThreadId low = machine.New(At(PriorityLevel::kNormal));  // due at 104, seen at 110
  machine.RunFor(Nanos::Millis(107 - 4));
  const ThreadId high = machine.New(At(PriorityLevel::kHigh));  // due at 207
  machine.RunFor(Nanos::Millis(115 - 107));
  machine.Exit(high);
  machine.RunFor(Nanos::Millis(205 - 115));
  machine.Yield(hog);  // would see a rise that was due at 204
  machine.Yield(hog);
  EXPECT_EQ(machine.State(low), ThreadState::kReady);
  machine.RunFor(Nanos::Millis(3));
  machine.Yield(hog);  // sees the rise that was due at 207, and has to go first
  machine.Yield(hog);
  EXPECT_EQ(machine.State(low), ThreadState::kRunning);
}

TEST(Priority, AnAgedThreadIsNotPreemptedByTheLevelItRoseTo) {
  Machine machine(kDescriptor, kTenMsSlice);
  const ThreadId hog = machine.New(At(PriorityLevel::kRealTime));
  const ThreadId low = machine.New(At(PriorityLevel::kLow));
  machine.RunFor(Nanos::Millis(311));
  ASSERT_EQ(machine.State(low), ThreadState::kRunning);
  machine.New(At(PriorityLevel::kRealTime));
  EXPECT_EQ(machine.State(low), ThreadState::kRunning);
  EXPECT_EQ(machine.State(hog), ThreadState::kReady);
}

// One that is preempted again and again is always at the front, having waited for less than a period each time.
TEST(Priority, ThreadsBehindAPreemptedOneAgeAllTheSame) {
  Machine machine(kDescriptor, kTenMsSlice);
  machine.New();
  const ThreadId behind = machine.New();
  const ThreadId high = machine.New(At(PriorityLevel::kHigh));
  for (int i = 0; i < 4; ++i) {
    machine.RunFor(Nanos::Millis(90));
    machine.Block(high);
    machine.RunFor(Nanos::Millis(1));
    machine.Wake(high);
  }
  EXPECT_GT(machine.Runtime(behind), Nanos{});
}

TEST(Priority, AHolderRunsAtItsDonorsLevelUntilItLetsGo) {
  Machine machine(kDescriptor, kTenMsSlice);
  const ThreadId low = machine.New(At(PriorityLevel::kLow));
  const ThreadId normal = machine.New(At(PriorityLevel::kNormal));
  const ThreadId high = machine.New(At(PriorityLevel::kHigh));
  machine.Block(high);  // waits for what `low` holds
  ASSERT_EQ(machine.State(normal), ThreadState::kRunning);
  machine.Inherit(low, high);
  EXPECT_EQ(machine.State(low), ThreadState::kRunning);
  machine.Inherit(low, std::nullopt);
  machine.Wake(high);
  machine.Block(high);
  EXPECT_EQ(machine.State(normal), ThreadState::kRunning);
  EXPECT_FALSE(machine.finding());
}

TEST(Priority, AChangedLevelCountsAtOnce) {
  Machine machine(kDescriptor, kTenMsSlice);
  const ThreadId first = machine.New();
  const ThreadId second = machine.New();
  machine.SetParameters(second, At(PriorityLevel::kHigh));
  EXPECT_EQ(machine.State(second), ThreadState::kRunning);
  machine.SetParameters(second, At(PriorityLevel::kIdle));
  machine.RunFor(Nanos::Millis(10));
  EXPECT_EQ(machine.State(first), ThreadState::kRunning);
}

}  // namespace
}  // namespace esc::sched::priority
