// Park, wait queues and mutexes between kernel threads on the simulated machine.
#include <gtest/gtest.h>

#include <vector>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/power.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/mutex.h"
#include "kernel/core/park.h"
#include "kernel/core/sched_api/ready_list.h"
#include "kernel/core/testing/core_machine.h"
#include "kernel/core/wait_queue.h"

namespace esc::core {
namespace {

// First in, first out, but it is asked for priorities, so that they can be set.
class PriorityTaker final : public sched::RunQueue {
 public:
  explicit PriorityTaker(const sched::QueueConfig&) {}
  void Enqueue(sched::Thread& thread, sched::EnqueueReason, Nanos) override { ready_.push_back(thread); }
  void Dequeue(sched::Thread& thread, sched::DequeueReason, Nanos) override { ready_.remove(thread); }
  sched::Thread* PickNext(CpuId cpu, Nanos) override { return sched::TakeFirstFor(ready_, cpu); }

 private:
  sched::ReadyList ready_;
};
constinit const sched::Descriptor kTakesPriorities = sched::DescribeQueue<PriorityTaker, int>(
    {.name = "takes_priorities", .capabilities = sched::Capability::kPriorities | sched::Capability::kInheritance});

class SyncTest : public CoreTest {
 protected:
  void Finish(host::Outcome outcome) {
    EXPECT_EQ(outcome.end, host::Outcome::End::kPoweredOff) << outcome.message << machine.console();
  }
  void Stop() { arch::PowerOff(0); }
  void After(Nanos delay) { EXPECT_EQ(SleepUntil(arch::Now() + delay, Interruptible::kNo), Status::kOk); }
  std::vector<int> log_;
};

TEST_F(SyncTest, AnUnparkBeforeTheParkIsNotLost) {
  Finish(Boot([&] {
    Spawn([&] {
      PreparePark();
      Unpark(CurrentThread());
      EXPECT_EQ(Park(Interruptible::kNo), Status::kOk);
      EXPECT_EQ(Park(Interruptible::kNo, arch::Now() + Nanos{10}), Status::kTimedOut);  // taken once
      Stop();
    });
  }));
}

TEST_F(SyncTest, AParkedThreadIsWokenByAnotherAndByItsDeadline) {
  Finish(Boot([&] {
    const auto sleeper = Spawn([&] {
      EXPECT_EQ(Park(Interruptible::kNo), Status::kOk);
      EXPECT_EQ(arch::Now(), Nanos{500});
      EXPECT_EQ(Park(Interruptible::kNo, Nanos{900}), Status::kTimedOut);
      EXPECT_EQ(arch::Now(), Nanos{900});
      Stop();
    });
    Spawn([&, sleeper] {
      After(Nanos{500});
      Unpark(*sleeper);
    });
  }));
}

TEST_F(SyncTest, WaitersAreWokenInTheOrderOfTheirComing) {
  SpinLock lock(LockRank::kFile);
  WaitQueue queue;
  int tickets = 0;
  Finish(Boot([&] {
    for (int i = 0; i < 4; ++i) {
      Spawn([&, i] {
        SpinLockGuard guard(lock);
        EXPECT_EQ(queue.Wait(lock, Interruptible::kNo), Status::kOk);
        EXPECT_EQ(tickets, i + 1);
        log_.push_back(i);
      });
    }
    Spawn([&] {
      for (int i = 0; i < 4; ++i) {
        {
          SpinLockGuard guard(lock);
          ++tickets;
        }
        EXPECT_EQ(queue.WakeOne(), 1u);
        Yield();
      }
      EXPECT_EQ(queue.WakeAll(), 0u);
      EXPECT_TRUE(queue.empty());
      EXPECT_EQ(log_, (std::vector<int>{0, 1, 2, 3}));
      Stop();
    });
  }));
}

TEST_F(SyncTest, AWaitEndsAtItsDeadlineAndLeavesTheQueue) {
  SpinLock lock(LockRank::kFile);
  WaitQueue queue;
  Finish(Boot([&] {
    Spawn([&] {
      {
        SpinLockGuard guard(lock);
        EXPECT_EQ(queue.Wait(lock, Interruptible::kNo, Nanos{700}), Status::kTimedOut);
      }
      EXPECT_EQ(arch::Now(), Nanos{700});
      EXPECT_TRUE(queue.empty());
      Stop();
    });
  }));
}

TEST_F(SyncTest, ASignalEndsAWaitButNotOneThatAWakeUpHasEndedAlready) {
  SpinLock lock(LockRank::kFile);
  WaitQueue queue;
  std::vector<Status> results;
  Finish(Boot([&] {
    const auto waiter = Spawn([&] {
      for (int i = 0; i < 2; ++i) {
        SpinLockGuard guard(lock);
        results.push_back(queue.Wait(lock, Interruptible::kYes));
        CurrentThread().signal_pending = false;
      }
      EXPECT_TRUE(queue.empty());
      Stop();
    });
    Spawn([&, waiter] {
      EXPECT_EQ(queue.WakeOne(), 1u);  // the one wake-up is this waiter's,
      waiter->signal_pending = true;   // although a signal comes before it has run
      Yield();
      waiter->signal_pending = true;
      Unpark(*waiter);
    });
  }));
  EXPECT_EQ(results, (std::vector<Status>{Status::kOk, Status::kRestart}));
}

// A producer and a consumer that hand over one item at a time, with time passing at every step, so that each wake-up
// falls into another window of the other's wait.
TEST_F(SyncTest, NoWakeUpIsLostHoweverTheStepsInterleave) {
  SpinLock lock(LockRank::kFile);
  WaitQueue changed;
  constexpr int kItems = 200;
  int items = 0;
  int taken = 0;
  config.time_slice = Nanos{70};
  Finish(Boot([&] {
    Spawn([&] {
      for (int i = 0; i < kItems; ++i) {
        Work(Nanos{i % 13 * 7});
        SpinLockGuard guard(lock);
        while (items != 0) EXPECT_EQ(changed.Wait(lock, Interruptible::kNo), Status::kOk);
        ++items;
        changed.WakeAll();
      }
    });
    Spawn([&] {
      for (; taken < kItems; ++taken) {
        Work(Nanos{taken % 11 * 9});
        SpinLockGuard guard(lock);
        while (items == 0) EXPECT_EQ(changed.Wait(lock, Interruptible::kNo), Status::kOk);
        --items;
        changed.WakeAll();
      }
      Stop();
    });
  }));
  EXPECT_EQ(taken, kItems);
}

TEST_F(SyncTest, AMutexKeepsOthersOutAndGoesToTheLongestWaiter) {
  Mutex mutex;
  Finish(Boot([&] {
    for (int i = 0; i < 3; ++i) {
      Spawn([&, i] {
        MutexGuard guard(mutex);
        log_.push_back(i);
        for (int round = 0; round < 5; ++round) Yield();
        log_.push_back(i);
      });
    }
    Spawn([&] {
      After(Nanos::Micros(10));
      MutexGuard guard(mutex);
      EXPECT_EQ(log_, (std::vector<int>{0, 0, 1, 1, 2, 2}));
      Stop();
    });
  }));
}

// As poll does it: linked to one queue, it looks at another file, whose mutex is taken, before it parks.
TEST_F(SyncTest, AWakeUpIsNotLostToAMutexOnTheWayToThePark) {
  Mutex mutex;
  int woken = 0;
  Finish(Boot([&] {
    Spawn([&] {
      MutexGuard guard(mutex);
      After(Nanos{1000});
    });
    const auto wait = [&] {
      { MutexGuard guard(mutex); }
      EXPECT_EQ(Park(Interruptible::kNo, arch::Now() + Nanos{5'000}), Status::kOk);
      ++woken;
    };
    Spawn([&, wait] {
      PreparePark();
      Unpark(CurrentThread());  // it comes before the wait for the mutex
      wait();
    });
    const auto other = Spawn([&, wait] {
      PreparePark();
      wait();
    });
    Spawn([&, other] {
      After(Nanos{500});
      Unpark(*other);  // it comes during the wait
      After(Nanos{20'000});
      Stop();
    });
  }));
  EXPECT_EQ(woken, 2);
}

TEST_F(SyncTest, TheOwnerInheritsThroughAChainAndGivesBack) {
  Mutex first, second;
  sched::Parameters high;
  high.priority = sched::PriorityLevel::kRealTime;
  Finish(Boot([&] {
    const auto owner = Spawn([&] {
      MutexGuard guard(first);
      After(Nanos{1000});
      EXPECT_EQ(CurrentThread().parameters().priority, sched::PriorityLevel::kRealTime);
    });
    const auto middle = Spawn([&] {
      MutexGuard guard(second);
      MutexGuard inner(first);
      EXPECT_EQ(CurrentThread().parameters().priority, sched::PriorityLevel::kRealTime);
    });
    Spawn([&, owner, middle] {
      After(Nanos{500});
      EXPECT_EQ(owner->parameters().priority, sched::PriorityLevel::kNormal);
      MutexGuard guard(second);
      EXPECT_EQ(owner->parameters().priority, sched::PriorityLevel::kNormal);
      EXPECT_EQ(middle->parameters().priority, sched::PriorityLevel::kNormal);
      Stop();
    }, high);
  }));
}

// Who waits becomes more urgent, and less: the owners along the chain follow at once.
TEST_F(SyncTest, AWaitersNewPriorityReachesTheWholeChain) {
  Mutex first, second;
  sched::Parameters high, normal, low;
  high.priority = sched::PriorityLevel::kRealTime;
  low.priority = sched::PriorityLevel::kLow;
  UsePlugin(kTakesPriorities);
  Finish(Boot([&] {
    const auto owner = Spawn([&] {
      MutexGuard guard(first);
      After(Nanos{2000});
    });
    const auto middle = Spawn([&] {
      MutexGuard guard(second);
      MutexGuard inner(first);
    });
    const auto last = Spawn([&] { MutexGuard guard(second); });
    Spawn([&, owner, middle, last] {
      After(Nanos{500});
      EXPECT_EQ(owner->parameters(), normal);
      EXPECT_EQ(SetParameters(*last, high), Status::kOk);
      EXPECT_EQ(middle->parameters(), high);
      EXPECT_EQ(owner->parameters(), high);
      // What it is lent stays when its own goes down, and no more than that when it has gone up before.
      EXPECT_EQ(SetParameters(*owner, low), Status::kOk);
      EXPECT_EQ(owner->parameters(), high);
      EXPECT_EQ(SetParameters(*last, low), Status::kOk);
      EXPECT_EQ(middle->parameters(), normal);
      EXPECT_EQ(owner->parameters(), normal);
      EXPECT_EQ(SetParameters(*middle, low), Status::kOk);
      EXPECT_EQ(owner->parameters(), low);
      EXPECT_EQ(SetParameters(*owner, normal), Status::kOk);
      After(Nanos{5000});
      EXPECT_EQ(owner->parameters(), normal);
      Stop();
    });
  }));
}

TEST_F(SyncTest, PreemptionWaitsForTheGuardsEnd) {
  config.time_slice = Nanos{100};
  Finish(Boot([&] {
    Spawn([&] {
      {
        PreemptionGuard guard;
        Work(Nanos{1000});
        EXPECT_TRUE(log_.empty());
      }
      EXPECT_EQ(log_, std::vector<int>{1});  // the other ran at once
      Stop();
    });
    Spawn([&] { log_.push_back(1); });
  }));
}

}  // namespace
}  // namespace esc::core
