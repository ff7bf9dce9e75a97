#include "kernel/sched_plugins/fifo/fifo.h"

#include <gtest/gtest.h>

#include "tests/conformance/machine.h"

namespace esc::sched::fifo {
namespace {

using conformance::Machine;

TEST(Fifo, RunsEachThreadUntilItBlocks) {
  Machine machine(kDescriptor, {.tick = Nanos::Millis(1)});
  for (int i = 0; i < 3; ++i) machine.New();
  machine.RunFor(Nanos::Seconds(5));
  EXPECT_EQ(machine.Runtime(0), Nanos::Seconds(5));
  machine.Block(0);
  machine.RunFor(Nanos::Millis(1));
  machine.Wake(0);
  machine.Block(1);
  machine.Block(2);
  EXPECT_EQ(machine.picks(), "ABCA");
  EXPECT_FALSE(machine.finding());
}

TEST(Fifo, YieldGoesToTheEnd) {
  Machine machine(kDescriptor, {});
  for (int i = 0; i < 3; ++i) machine.New();
  machine.Yield(0);
  machine.Yield(1);
  machine.Yield(2);
  EXPECT_EQ(machine.picks(), "ABCA");
}

TEST(Fifo, GoesOnAfterAHigherLayerPreemptedIt) {
  Machine machine(kDescriptor, {});
  for (int i = 0; i < 3; ++i) machine.New();
  machine.PreemptFromAbove(0);
  machine.Block(0);
  EXPECT_EQ(machine.picks(), "AAB");
}

}  // namespace
}  // namespace esc::sched::fifo
