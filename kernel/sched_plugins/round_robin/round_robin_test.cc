#include "kernel/sched_plugins/round_robin/round_robin.h"

#include <gtest/gtest.h>

#include "tests/conformance/machine.h"

namespace esc::sched::round_robin {
namespace {

using conformance::Machine;
using conformance::ThreadId;

TEST(RoundRobin, TakesTurnsInOrder) {
  Machine machine(kDescriptor, {.parameters = {4'000}});
  for (int i = 0; i < 3; ++i) machine.New();
  machine.RunFor(Nanos::Millis(26));
  EXPECT_EQ(machine.picks(), "ABCABCA");
  EXPECT_EQ(machine.Runtime(0), Nanos::Millis(10));
  EXPECT_EQ(machine.Runtime(1), Nanos::Millis(8));
}

TEST(RoundRobin, SliceZeroIsTheBootConfigsSlice) {
  Machine machine(kDescriptor, {.time_slice = Nanos::Millis(7), .parameters = {0}});
  for (int i = 0; i < 2; ++i) machine.New();
  machine.RunFor(Nanos::Millis(20));
  EXPECT_EQ(machine.picks(), "ABA");
  EXPECT_EQ(machine.Runtime(1), Nanos::Millis(7));
}

// A tick inside a slice does not end it.
TEST(RoundRobin, PeriodicTicksDoNotShortenASlice) {
  Machine machine(kDescriptor, {.tick = Nanos::Millis(1), .parameters = {4'000}});
  for (int i = 0; i < 2; ++i) machine.New();
  machine.RunFor(Nanos::Millis(12));
  EXPECT_EQ(machine.picks(), "ABAB");
  EXPECT_EQ(machine.Runtime(0), Nanos::Millis(8));
}

TEST(RoundRobin, PreemptedThreadKeepsTheRestOfItsSlice) {
  Machine machine(kDescriptor, {.parameters = {4'000}});
  for (int i = 0; i < 2; ++i) machine.New();
  machine.RunFor(Nanos::Millis(3));
  machine.PreemptFromAbove(0);
  machine.RunFor(Nanos{999'999});
  EXPECT_EQ(machine.picks(), "AA");
  machine.RunFor(Nanos{1});
  EXPECT_EQ(machine.picks(), "AAB");
}

TEST(RoundRobin, YieldAndWakeGoToTheEndWithAWholeSlice) {
  Machine machine(kDescriptor, {.parameters = {4'000}});
  for (int i = 0; i < 3; ++i) machine.New();
  machine.RunFor(Nanos::Millis(3));
  machine.Yield(0);
  machine.RunFor(Nanos::Millis(1));
  machine.Block(1);
  machine.Wake(1);  // behind A
  machine.RunFor(Nanos::Millis(12));
  EXPECT_EQ(machine.picks(), "ABCABC");
  EXPECT_EQ(machine.Runtime(0), Nanos::Millis(7));
  EXPECT_EQ(machine.Runtime(1), Nanos::Millis(5));
}

TEST(RoundRobin, AnIdleCpuTakesTheLongestWaitingThreadItMayRun) {
  Machine machine(kDescriptor, {.cpus = 2, .parameters = {4'000}});
  const CpuSet first = CpuSet::FirstN(1);
  machine.New({}, first);
  machine.New({}, first);
  machine.New({}, first);
  machine.RunFor(Nanos::Millis(1));
  EXPECT_FALSE(machine.RunningOn(1));
  machine.SetAffinity(2, CpuSet::All());
  EXPECT_EQ(machine.RunningOn(1), std::optional<ThreadId>(2));
}

TEST(RoundRobin, DumpsWhatItHolds) {
  alignas(16) std::byte storage[512];
  ASSERT_LE(kDescriptor.queue_bytes, sizeof(storage));
  const std::uint64_t parameters[] = {2'000};
  RunQueue* queue = kDescriptor.construct(storage, {.cpus = CpuSet::FirstN(1), .parameters = parameters});
  FixedText<100> text;
  queue->Dump(text);
  EXPECT_EQ(text.view(), "0 ready, slice 2000 us");
  queue->~RunQueue();
}

}  // namespace
}  // namespace esc::sched::round_robin
