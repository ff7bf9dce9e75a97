// The whole of core under each plugin that breaks a rule: its exact verdict is given, and all work is done all the same.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/power.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/mutex.h"
#include "kernel/core/park.h"
#include "kernel/core/testing/core_machine.h"
#include "tests/conformance/broken/broken_plugins.h"

namespace esc::core {
namespace {

using sched::Verdict;

struct Case {
  const sched::Descriptor& plugin;
  Verdict verdict;
  bool ejected;
};

class BrokenPlugins : public CoreTest, public testing::WithParamInterface<Case> {
 protected:
  static constexpr int kThreads = 5;
  static constexpr int kRounds = 60;

  // All that a thread can do to its scheduler, each in another order.
  void Live(int self) {
    for (int round = 0; round < kRounds; ++round) {
      Work(Nanos{300 + self * 7});
      switch ((round + self) % 6) {
        case 0: Yield(); break;
        case 1: EXPECT_EQ(SleepUntil(arch::Now() + Nanos{700}, Interruptible::kNo), Status::kOk); break;
        case 2: EXPECT_EQ(SetAffinity(CurrentThread(), CpuSet::FirstN(2)), Status::kOk); break;
        case 3: {
          MutexGuard guard(mutex_);
          Work(Nanos{1500});  // past the end of a slice, so that others want it
          break;
        }
        default: break;
      }
      ++rounds_done_;
    }
    if (++threads_done_ < kThreads) return;
    stats_ = GetDispatchStats();
    DescribeScheduler(description_);
    arch::PowerOff(0);
  }

  Mutex mutex_;
  int rounds_done_ = 0;
  int threads_done_ = 0;
  DispatchStats stats_;
  FixedText<1024> description_;
};

TEST_P(BrokenPlugins, GetTheirVerdictAndHinderNobody) {
  UsePlugin(GetParam().plugin);
  config.time_slice = Nanos{1000};
  const host::Outcome outcome = Boot([&] {
    for (int i = 0; i < kThreads; ++i) Spawn([this, i] { Live(i); });
  });
  EXPECT_EQ(outcome.end, host::Outcome::End::kPoweredOff) << outcome.message << machine.console();
  EXPECT_EQ(threads_done_, kThreads);
  EXPECT_EQ(rounds_done_, kThreads * kRounds);
  for (std::size_t i = 1; i < sched::kVerdicts; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    EXPECT_EQ(stats_.verdicts[i] > 0, verdict == GetParam().verdict) << sched::VerdictName(verdict);
  }
  EXPECT_EQ(description_.view().find("plugin condemned") != std::string_view::npos, GetParam().ejected)
      << description_.view();
  const std::string told = "plugin " + std::string(GetParam().plugin.name) + " on cpus 1: " +
                           std::string(sched::VerdictName(GetParam().verdict));
  EXPECT_EQ(machine.console().find(told) != std::string::npos, GetParam().verdict != Verdict::kAccepted)
      << machine.console();
}

namespace broken = conformance::broken;

INSTANTIATE_TEST_SUITE_P(
    Each, BrokenPlugins,
    testing::Values(Case{broken::kHonest, Verdict::kAccepted, false},
                    Case{broken::kForgets, Verdict::kLostThreads, true},
                    Case{broken::kIdles, Verdict::kLostThreads, true},
                    Case{broken::kGivesBlocked, Verdict::kNotRunnable, true},
                    Case{broken::kStaysLinked, Verdict::kNotQueued, true},
                    Case{broken::kInventsThread, Verdict::kForeignThread, true},
                    Case{broken::kNegativeSlice, Verdict::kBadSlice, true},
                    Case{broken::kTimerInThePast, Verdict::kBadTimer, false},
                    Case{broken::kStarves, Verdict::kStarvation, false},
                    // What no single CPU can be wronged by does no harm either.
                    Case{broken::kOffersPinned, Verdict::kAccepted, false},
                    Case{broken::kNamesNoCpu, Verdict::kAccepted, false},
                    Case{broken::kUnfair, Verdict::kAccepted, false}),
    [](const testing::TestParamInfo<Case>& info) { return std::string(info.param.plugin.name); });

}  // namespace
}  // namespace esc::core
