#include "stride/stride.h"

#include <gtest/gtest.h>

#include "kernel/base/units.h"
#include "kernel/core/sched_api/thread.h"
#include "tests/conformance/machine.h"

namespace example::stride {
namespace {

using esc::Nanos;
using esc::conformance::Machine;
using esc::conformance::ThreadId;

TEST(Stride, EqualsTakeTurns) {
  Machine machine(kDescriptor, {.parameters = {2'000}});
  for (int i = 0; i < 3; ++i) machine.New();
  machine.RunFor(Nanos::Millis(11));
  EXPECT_EQ(machine.picks(), "ABCABC");
  EXPECT_FALSE(machine.finding());
}

TEST(Stride, TimeIsInProportionToWeights) {
  Machine machine(kDescriptor, {.parameters = {1'000}});
  const ThreadId light = machine.New({.weight = 1024});
  const ThreadId heavy = machine.New({.weight = 3072});
  machine.RunFor(Nanos::Millis(400));
  EXPECT_NEAR(static_cast<double>(machine.Runtime(heavy).value), 3.0 * static_cast<double>(machine.Runtime(light).value),
              static_cast<double>(Nanos::Millis(4).value));
  EXPECT_FALSE(machine.finding());
}

TEST(Stride, AStreamOfNewcomersOvertakesNobody) {
  Machine machine(kDescriptor, {.parameters = {1'000}});
  const ThreadId old = machine.New();
  ThreadId newcomer = machine.New();
  for (int i = 0; i < 60; ++i) {
    machine.RunFor(Nanos::Millis(1));
    const ThreadId next = machine.New();
    machine.Exit(newcomer);
    newcomer = next;
  }
  EXPECT_GE(machine.Runtime(old), Nanos::Millis(15));
  EXPECT_FALSE(machine.finding());
}

TEST(Stride, ASleeperDoesNotSaveTimeUp) {
  Machine machine(kDescriptor, {.parameters = {1'000}});
  const ThreadId sleeper = machine.New();
  const ThreadId worker = machine.New();
  machine.RunFor(Nanos::Micros(500));
  machine.Block(sleeper);
  ASSERT_EQ(machine.State(sleeper), esc::conformance::ThreadState::kBlocked);
  machine.RunFor(Nanos::Millis(50));
  machine.Wake(sleeper);
  machine.RunFor(Nanos::Millis(20));
  EXPECT_LE(machine.Runtime(sleeper), Nanos::Millis(11));
  EXPECT_GE(machine.Runtime(worker), Nanos::Millis(59));
}

}  // namespace
}  // namespace example::stride
