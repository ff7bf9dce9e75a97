// Dispatch as a whole on the simulated machine: what runs when, with honest plugins and with one that breaks down.
#include "kernel/core/dispatch/dispatcher.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/power.h"
#include "kernel/core/dispatch/scripted_queue.h"
#include "kernel/core/mutex.h"
#include "kernel/core/park.h"
#include "kernel/core/process.h"
#include "kernel/core/testing/core_machine.h"
#include "kernel/core/thread/thread_factory.h"

namespace esc::core {
namespace {

using host::Outcome;
using sched::PriorityLevel;

class DispatcherTest : public CoreTest {
 protected:
  DispatcherTest() {
    events.clear();
    ScriptedQueue::slice = Nanos{1000};
    ScriptedQueue::picks_until_broken = -1;
    UsePlugin(kScripted);
    config.time_slice = Nanos{1000};  // and so no answer of the plugin is too short
  }
  void ExpectPowerOff(const Outcome& outcome) {
    EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message << machine.console();
  }
  static sched::Parameters At(PriorityLevel level) {
    sched::Parameters parameters;
    parameters.priority = level;
    return parameters;
  }
  std::vector<int> log_;
};

TEST_F(DispatcherTest, ThePluginHearsOfEveryEventInOrderWithTheTimeCharged) {
  ExpectPowerOff(Boot([&] {
    Spawn([&] {  // thread 2
      Work(Nanos{100});
      Yield();
      Work(Nanos{10});
    });
    Spawn([&] {  // thread 3
      Work(Nanos{2500});
      EXPECT_EQ(SleepUntil(arch::Now() + Nanos{500}, Interruptible::kNo), Status::kOk);
      arch::PowerOff(0);
    });
  }));
  EXPECT_EQ(events, (std::vector<std::string>{
                        "cpu 0",                                            //
                        "2 init", "2 new", "3 init", "3 new",               //
                        "2 ran 100", "2 yielded",      //
                        "3 ran 1000", "3 slice",       //
                        "2 ran 10", "2 exit",          //
                        "3 ran 1000", "3 slice",       // alone, and picked again
                        "3 ran 490", "3 woken",        // its work of 2500 began before the other's 10
                    }));
}

TEST_F(DispatcherTest, AThreadThatThePluginHoldsBackRunsWhenItsTimerSaysSo) {
  UsePlugin(kRefilled);
  Nanos ran_at;
  ExpectPowerOff(Boot([&] {
    Spawn([&] {
      ran_at = arch::Now();
      arch::PowerOff(0);
    });
  }));
  EXPECT_GE(ran_at, RefilledQueue::kRefill);
}

TEST_F(DispatcherTest, AWokenThreadOfAHigherLevelTakesTheCpuAndAnEqualOneWaits) {
  std::uint64_t preemptions = 0;
  ExpectPowerOff(Boot([&] {
    const auto sleep = [&](int name) {
      return [&, name] {
        EXPECT_EQ(SleepUntil(Nanos{300}, Interruptible::kNo), Status::kOk);
        log_.push_back(name);
      };
    };
    Spawn(sleep(1), At(PriorityLevel::kNormal));
    Spawn(sleep(2), At(PriorityLevel::kHigh));
    Spawn([&] {
      Work(Nanos{400});
      log_.push_back(3);
      preemptions = GetDispatchStats().preemptions;
      arch::PowerOff(0);
    });
  }));
  EXPECT_EQ(log_, (std::vector<int>{2, 1, 3}));
  EXPECT_EQ(preemptions, 1u);
}

TEST_F(DispatcherTest, TheUpperLayerRunsFirstAndAChangeOfParametersMovesAThread) {
  config.partitions[0].layers[0].plugin = &kUrgent;
  config.partitions[0].layers[1].plugin = &kScripted;
  config.partitions[0].layer_count = 2;
  ExpectPowerOff(Boot([&] {
    Spawn([&] { log_.push_back(1); });
    const auto promoted = Spawn([&] { log_.push_back(2); });
    Spawn([&] {
      log_.push_back(3);
      EXPECT_EQ(SleepUntil(Nanos{5000}, Interruptible::kNo), Status::kOk);
      arch::PowerOff(0);
    }, At(PriorityLevel::kRealTime));
    EXPECT_EQ(SetParameters(*promoted, At(PriorityLevel::kRealTime)), Status::kOk);
    sched::Parameters weight;
    weight.weight = 7;
    EXPECT_EQ(SetParameters(*promoted, weight), Status::kNotSupported);
  }));
  EXPECT_EQ(log_, (std::vector<int>{3, 2, 1}));
}

TEST_F(DispatcherTest, AfterABreachAllWorkIsStillDoneAndTheStatisticsName) {
  ScriptedQueue::picks_until_broken = 3;
  FixedText<1024> scheduler, stats;
  ExpectPowerOff(Boot([&] {
    for (int i = 0; i < 4; ++i) {
      Spawn([&, i] {
        for (int round = 0; round < 10; ++round) {
          Work(Nanos{300});
          Yield();
        }
        log_.push_back(i);
        if (log_.size() < 4) return;
        DescribeScheduler(scheduler);
        DescribeStats(stats);
        arch::PowerOff(0);
      });
    }
  }));
  EXPECT_EQ(log_, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_NE(machine.console().find("plugin scripted on cpus 1: condemned for foreign_thread"), std::string::npos)
      << machine.console();
  EXPECT_NE(scheduler.view().find("plugin condemned"), std::string_view::npos) << scheduler.view();
  EXPECT_NE(stats.view().find("verdict main scripted foreign_thread 1\n"), std::string_view::npos) << stats.view();
}

TEST_F(DispatcherTest, WithoutAConfiguredPartitionTheBuiltInQueueSlicesInTurn) {
  config.partition_count = 0;
  config.time_slice = Nanos{1000};
  ExpectPowerOff(Boot([&] {
    for (int i = 0; i < 2; ++i) {
      Spawn([&, i] {
        for (int round = 0; round < 4; ++round) {
          Work(Nanos{600});
          log_.push_back(i);
        }
        if (log_.size() == 8) arch::PowerOff(0);
      });
    }
  }));
  EXPECT_EQ(log_, (std::vector<int>{0, 1, 0, 0, 1, 1, 0, 1})) << ::testing::PrintToString(log_);
}

TEST_F(DispatcherTest, ACooperativeThreadKeepsTheCpuUntilItGivesItUp) {
  ScriptedQueue::slice = std::nullopt;
  ExpectPowerOff(Boot([&] {
    Spawn([&] {
      for (int i = 0; i < 50; ++i) Work(Nanos::Millis(10));
      log_.push_back(1);
    });
    Spawn([&] {
      log_.push_back(2);
      arch::PowerOff(0);
    });
  }));
  EXPECT_EQ(log_, (std::vector<int>{1, 2}));
}

// The plugin hears of an inheritance as of a change of parameters: while it does not hold the thread.
TEST_F(DispatcherTest, AReadyHolderInheritsOutsideOfTheQueue) {
  Mutex mutex;
  ExpectPowerOff(Boot([&] {
    Spawn([&] {  // thread 2
      MutexGuard guard(mutex);
      EXPECT_EQ(SleepUntil(Nanos{300}, Interruptible::kNo), Status::kOk);
    });
    Spawn([&] {  // thread 3
      EXPECT_EQ(SleepUntil(Nanos{100}, Interruptible::kNo), Status::kOk);
      Work(Nanos{400});  // thread 2 becomes ready meanwhile
      events.clear();
      MutexGuard guard(mutex);
      arch::PowerOff(0);
    }, At(PriorityLevel::kHigh));
  }));
  ASSERT_GE(events.size(), 3u);
  events.resize(3);
  EXPECT_EQ(events, (std::vector<std::string>{"2 dequeue", "2 inherits from 3", "2 changed"}));
}

// Two threads wake each other long before their slices end: no slice's timer ever finds its own slice over.
TEST_F(DispatcherTest, TheWatchdogLooksAlsoWhereNoSliceEverEnds) {
  UsePlugin(kNewestFirst);
  config.time_slice = Nanos{1000};
  DispatchStats stats;
  std::array<Thread*, 2> pair{};
  ExpectPowerOff(Boot([&] {
    Spawn([&] { log_.push_back(1); });  // starves
    for (int i = 0; i < 2; ++i) {
      pair[i] = Spawn([&, i] {
        for (int round = 0; round < 100; ++round) {
          PreparePark();
          Work(Nanos{300});
          Unpark(*pair[1 - i]);
          EXPECT_EQ(Park(Interruptible::kNo, arch::Now() + Nanos{100'000}), Status::kOk);
        }
        stats = GetDispatchStats();
        arch::PowerOff(0);
      }).get();
    }
  }));
  EXPECT_EQ(log_, std::vector<int>{});
  EXPECT_EQ(stats.verdicts[static_cast<std::size_t>(sched::Verdict::kStarvation)], 1u);
}

// Neither a slice nor a tick nor anybody's timer: only the watch finds out who waits for it.
TEST_F(DispatcherTest, AnEndlessTurnIsWatchedAndThePluginEjectedForIt) {
  static constexpr sched::Descriptor kEndless = sched::DescribeQueue<EndlessQueue, int>(
      {.name = "endless", .guarantees = {.starvation_bound = [](std::span<const std::uint64_t>, Nanos slice,
                                                                std::uint32_t threads) { return slice * threads; }}});
  UsePlugin(kEndless);
  config.time_slice = Nanos::Millis(1);
  FixedText<8192> description;
  ExpectPowerOff(Boot([&] {
    Spawn([&] {
      for (int i = 0; i < 1'000 && log_.empty(); ++i) Work(Nanos::Millis(10));
      EXPECT_EQ(log_, std::vector<int>{1});
      arch::PowerOff(0);
    });
    Spawn([&] {
      log_.push_back(1);
      DescribeScheduler(description);
    });
  }));
  EXPECT_NE(description.view().find("plugin condemned"), std::string_view::npos) << description.view();
  EXPECT_NE(description.view().find("for starvation (thread 3)"), std::string_view::npos) << description.view();
  EXPECT_NE(description.view().find("0 ns: enqueue 3 new"), std::string_view::npos) << description.view();
  EXPECT_NE(description.view().find("0 ns: pick 2 on cpu 0"), std::string_view::npos) << description.view();
}

// A plugin may not keep a CPU busy with its own timer alone.
TEST_F(DispatcherTest, ATimerThatIsAlwaysTheNextNanosecondLeavesTimeForWork) {
  static constexpr sched::Descriptor kRestless =
      sched::DescribeQueue<RestlessQueue, int>({.name = "restless"});
  UsePlugin(kRestless);
  ScriptedQueue::slice = std::nullopt;
  RestlessQueue::ticks = 0;
  ExpectPowerOff(Boot([&] {
    Spawn([&] {
      Work(Nanos::Millis(2));
      arch::PowerOff(0);
    });
  }));
  EXPECT_GT(RestlessQueue::ticks, 2);
  EXPECT_LE(RestlessQueue::ticks, 101);
}

TEST_F(DispatcherTest, ALayerIsNotToBlameForTheOneAboveIt) {
  UsePlugin(kNewestFirst);
  config.partitions[0].layers[1] = config.partitions[0].layers[0];
  config.partitions[0].layers[0].plugin = &kUrgent;
  config.partitions[0].layer_count = 2;
  config.time_slice = Nanos{1000};
  DispatchStats stats;
  ExpectPowerOff(Boot([&] {
    Spawn([&] {
      stats = GetDispatchStats();
      arch::PowerOff(0);
    });
    Spawn([&] {
      for (int i = 0; i < 20; ++i) Work(Nanos{1000});
    }, At(PriorityLevel::kRealTime));
  }));
  EXPECT_EQ(stats.verdicts[static_cast<std::size_t>(sched::Verdict::kStarvation)], 0u);
  EXPECT_GE(stats.longest_wait, Nanos{20'000});
}

TEST_F(DispatcherTest, ANicenessIsForAPluginThatKnowsOnlyNiceToo) {
  static constexpr sched::Descriptor kNice =
      sched::DescribeQueue<ScriptedQueue, int>({.name = "nice", .capabilities = sched::Capability::kNice});
  UsePlugin(kNice);
  ExpectPowerOff(Boot([&] {
    Spawn([&] {
      sched::Parameters parameters;
      parameters.nice = 5;
      parameters.weight = 335;  // what goes with it
      EXPECT_EQ(SetParameters(CurrentThread(), parameters), Status::kOk);
      EXPECT_EQ(OwnParameters(CurrentThread()), parameters);
      parameters.tickets = 7;
      EXPECT_EQ(SetParameters(CurrentThread(), parameters), Status::kNotSupported);
      arch::PowerOff(0);
    });
  }));
}

TEST_F(DispatcherTest, AThreadThatHasNotStartedOrHasEndedIsNotThereForThoseWhoWouldChangeIt) {
  ExpectPowerOff(Boot([&] {
    Spawn([&] {
      const auto unstarted = ThreadFactory::Create(CurrentProcess(), Tid{900}, ThreadFactory::Kind::kKernel).value();
      const auto ended = Spawn([] {});
      EXPECT_EQ(SleepUntil(arch::Now() + Nanos{1000}, Interruptible::kNo), Status::kOk);
      for (const auto& thread : {unstarted, ended}) {
        EXPECT_EQ(SetParameters(*thread, At(PriorityLevel::kHigh)), Status::kNoSuchProcess);
        EXPECT_EQ(OwnParameters(*thread), sched::Parameters{});
        KeepNiceness(*thread, 3, 500);
      }
      EXPECT_EQ(SetAffinity(*unstarted, CpuSet::Of(CpuId{0})), Status::kNoSuchProcess);
      arch::PowerOff(0);
    });
  }));
}

TEST_F(DispatcherTest, ANicenessThatNoPluginActsOnIsKept) {
  ExpectPowerOff(Boot([&] {
    Spawn([&] {
      KeepNiceness(CurrentThread(), 5, 335);
      EXPECT_EQ(OwnParameters(CurrentThread()).nice, 5);
      EXPECT_EQ(CurrentThread().parameters().weight, 335u);
      arch::PowerOff(0);
    });
  }));
}

TEST_F(DispatcherTest, SwitchesYieldsWakeupsAndIdleTimeAreCounted) {
  DispatchStats stats;
  ExpectPowerOff(Boot([&] {
    Spawn([&] {
      Yield();
      EXPECT_EQ(SleepUntil(Nanos{700}, Interruptible::kNo), Status::kOk);
      Work(Nanos{50});
      stats = GetDispatchStats();
      const Accounting& accounting = CurrentThread().accounting;
      EXPECT_EQ(accounting.voluntary_switches, 1u);
      EXPECT_EQ(CurrentThread().total_runtime(), Nanos{});  // charged at events only
      arch::PowerOff(0);
    });
  }));
  EXPECT_EQ(stats.yields, 1u);
  EXPECT_EQ(stats.wakeups, 1u);
  EXPECT_EQ(stats.switches, 3u);  // from idle, to idle, from idle
  EXPECT_EQ(stats.idle_time, Nanos{700});
}

TEST_F(DispatcherTest, AnAffinityThatNoCpuMeetsIsRefused) {
  ExpectPowerOff(Boot([&] {
    Spawn([&] {
      EXPECT_EQ(SetAffinity(CurrentThread(), CpuSet{}), Status::kInvalidArgument);
      EXPECT_EQ(SetAffinity(CurrentThread(), CpuSet::Of(CpuId{3})), Status::kInvalidArgument);
      EXPECT_EQ(SetAffinity(CurrentThread(), CpuSet::FirstN(4)), Status::kOk);
      arch::PowerOff(0);
    });
  }));
}

TEST_F(DispatcherTest, AnIllegalChangeOfStateStopsTheDebugKernelAndIsRefusedElsewhere) {
  const Outcome outcome = Boot([&] {
    Spawn([&] {
      CurrentThread().SetState(State::kZombie);
      EXPECT_EQ(CurrentThread().state(), State::kRunning);
      EXPECT_EQ(IllegalTransitions(), 1u);
      EXPECT_EQ(SleepUntil(Nanos{10}, Interruptible::kNo), Status::kOk);
      arch::PowerOff(0);
    });
  });
#ifdef ESC_DEBUG
  EXPECT_EQ(outcome.end, Outcome::End::kPanicked);
  EXPECT_EQ(outcome.message, "thread 2: illegal change of state from running to zombie");
#else
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff);
  EXPECT_NE(machine.console().find("thread 2: illegal change of state from running to zombie refused"), std::string::npos);
#endif
}

TEST_F(DispatcherTest, APanicTellsTheRunningThreadAndTheLastDecisions) {
  const Outcome outcome = Boot([&] {
    Spawn([&] { ESC_CHECK(false); });
  });
  EXPECT_EQ(outcome.end, Outcome::End::kPanicked);
  EXPECT_NE(machine.console().find("cpu 0: running thread 2 of process 0\n  layer 0 at 0 ns: pick 2 on cpu 0\n"), std::string::npos)
      << machine.console();
}

}  // namespace
}  // namespace esc::core
