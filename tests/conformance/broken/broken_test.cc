// The kit is only worth what it catches: each broken plugin, with its exact verdict.
#include <gtest/gtest.h>

#include <string>

#include "tests/conformance/broken/broken_plugins.h"
#include "tests/conformance/conformance.h"

namespace esc::conformance {
namespace {

struct Case {
  const sched::Descriptor& plugin;
  std::string verdict;
};

class Broken : public testing::TestWithParam<Case> {};

TEST_P(Broken, IsCaughtWithItsVerdict) {
  const std::optional<Finding> finding = CheckConformance(GetParam().plugin);
  ASSERT_TRUE(finding) << "not caught";
  EXPECT_EQ(finding->verdict, GetParam().verdict) << finding->detail;
}

INSTANTIATE_TEST_SUITE_P(
    Plugins, Broken,
    testing::Values(Case{broken::kForgets, "lost_threads"}, Case{broken::kIdles, "lost_threads"},
                    Case{broken::kGivesBlocked, "not_runnable"}, Case{broken::kGivesRunning, "running_elsewhere"},
                    Case{broken::kKeepsMigrated, "not_queued"}, Case{broken::kStaysLinked, "not_queued"},
                    Case{broken::kIgnoresAffinity, "wrong_cpu"}, Case{broken::kInventsThread, "foreign_thread"},
                    Case{broken::kOffersPinned, "wrong_candidate"}, Case{broken::kNamesNoCpu, "bad_cpu"},
                    Case{broken::kNegativeSlice, "bad_slice"}, Case{broken::kStarves, "starvation"},
                    Case{broken::kUnfair, "unfair"}, Case{broken::kOverruns, "overrun"},
                    Case{broken::kRemembers, "not_deterministic"}, Case{broken::kImpure, "impure"},
                    Case{broken::kTimerInThePast, "bad_timer"}, Case{broken::kBadName, "bad_descriptor"}),
    [](const testing::TestParamInfo<Case>& info) { return std::string(info.param.plugin.name); });

TEST(Honest, PassesWhatTheBrokenOnesFail) {
  const std::optional<Finding> finding = CheckConformance(broken::kHonest);
  EXPECT_FALSE(finding) << finding->verdict << ": " << finding->detail;
}

// One queue for all CPUs: the first to run is on CPU 0, and CPU 1 asks while it runs.
TEST(Machine, JudgesAThreadThatRunsElsewhere) {
  Machine machine(broken::kGivesRunning, {.cpus = 2});
  machine.New();
  ASSERT_TRUE(machine.finding());
  EXPECT_EQ(machine.finding()->verdict, "running_elsewhere");
}

}  // namespace
}  // namespace esc::conformance
