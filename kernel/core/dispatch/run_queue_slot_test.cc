// Every rule that core enforces on a plugin, with a plugin that breaks it, and the verdict that it must get.
#include "kernel/core/dispatch/run_queue_slot.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/sched_api/ready_list.h"
#include "kernel/core/sched_api/thread_access.h"
#include "kernel/core/testing/core_machine.h"
#include "kernel/core/thread/thread_factory.h"
#include "kernel/mm/frames.h"

namespace esc::core {
namespace {

using sched::Verdict;

constexpr CpuId kCpu{0};

// First in, first out, with every answer open to sabotage.
class RogueQueue : public sched::RunQueue {
 public:
  explicit RogueQueue(const sched::QueueConfig&) {}
  void Enqueue(sched::Thread& thread, sched::EnqueueReason, Nanos) override {
    ++calls;
    ready.push_back(thread);
  }
  void Dequeue(sched::Thread& thread, sched::DequeueReason, Nanos) override {
    ++calls;
    if (!keeps_dequeued) ready.remove(thread);
  }
  sched::Thread* PickNext(CpuId, Nanos) override {
    ++calls;
    return pick ? pick() : ready.pop_front();
  }
  std::optional<Nanos> TimeSlice(const sched::Thread&, Nanos) override { return slice; }
  CpuId SelectCpu(const sched::Thread&, CpuSet, Nanos) override { return select; }
  sched::Thread* StealCandidate(CpuId, Nanos) override { return candidate; }
  Nanos NextTimer(Nanos) override { return timer; }
  void TimerExpired(Nanos) override { ++expiries; }

  sched::ReadyList ready;
  std::function<sched::Thread*()> pick;
  std::optional<Nanos> slice = kConfiguredSlice;
  CpuId select = kNoCpu;
  sched::Thread* candidate = nullptr;
  bool keeps_dequeued = false;
  Nanos timer = Nanos::Max();
  int expiries = 0;
  int calls = 0;
};

constexpr sched::Descriptor kRogue = sched::DescribeQueue<RogueQueue, int>({
    .name = "rogue",
    .guarantees = {.starvation_bound = [](std::span<const std::uint64_t>, Nanos slice, std::uint32_t threads) {
      return slice * threads;
    }},
});

class RunQueueSlotTest : public CoreTest {
 protected:
  // Runs `body` inside a booted core, with a slot and three ready threads of its own.
  void InSlot(std::function<void()> body) {
    const host::Outcome outcome = machine.Run([&] {
      ASSERT_EQ(mm::InitFrames(machine.boot_info(), 0, 0), Status::kOk);
      UsePlugin(kRogue);
      ASSERT_EQ(InitDispatch(config), Status::kOk);
      DispatchDomain domain;
      RogueQueue queue{sched::QueueConfig{}};
      RunQueueSlot slot({.domain = &domain, .plugin = &kRogue, .queue = &queue, .cpus = CpuSet::Of(kCpu)});
      std::array<mm::RefPtr<Thread>, 3> threads;
      for (int i = 0; i < 3; ++i) {
        threads[i] = ThreadFactory::Create(ProcessTable::Kernel(), Tid{100 + i}, ThreadFactory::Kind::kKernel).value();
        slot.Attach(*threads[i], Nanos{});
        threads[i]->SetState(State::kReady);
        slot.Enqueue(*threads[i], sched::EnqueueReason::kNew, Nanos{i});
      }
      slot_ = &slot;
      queue_ = &queue;
      for (int i = 0; i < 3; ++i) threads_[i] = threads[i].get();
      body();
      slot.ReportBreaches();
      queue.pick = nullptr;
      while (slot.PickNext(kCpu, Nanos{}) != nullptr) {
      }
      for (Thread* thread : threads_) slot.Detach(*thread, Nanos{});
      // What a condemned plugin's list still points to is not ours to walk.
      new (&queue.ready) sched::ReadyList();
    });
    EXPECT_EQ(outcome.end, host::Outcome::End::kReturned) << outcome.message;
  }
  // The verdict that was given, once, and none else.
  void ExpectOnly(Verdict expected) {
    for (std::size_t i = 1; i < sched::kVerdicts; ++i) {
      const auto verdict = static_cast<Verdict>(i);
      EXPECT_EQ(slot_->verdicts(verdict), verdict == expected ? 1u : 0u) << sched::VerdictName(verdict);
    }
  }

  RunQueueSlot* slot_ = nullptr;
  RogueQueue* queue_ = nullptr;
  std::array<Thread*, 3> threads_{};
};

TEST_F(RunQueueSlotTest, HonestAnswersAreAccepted) {
  InSlot([&] {
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[0]);
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[1]);
    EXPECT_EQ(slot_->size(), 1u);
    EXPECT_FALSE(slot_->condemned());
    ExpectOnly(Verdict::kAccepted);
  });
}

TEST_F(RunQueueSlotTest, AForeignPointerIsNeverFollowed) {
  InSlot([&] {
    queue_->pick = [] { return reinterpret_cast<sched::Thread*>(0x10); };
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[0]);
    ExpectOnly(Verdict::kForeignThread);
    EXPECT_TRUE(slot_->condemned());
  });
}

TEST_F(RunQueueSlotTest, APointerIntoTheMiddleOfAThreadIsForeign) {
  InSlot([&] {
    queue_->pick = [&] { return reinterpret_cast<sched::Thread*>(reinterpret_cast<std::byte*>(threads_[1]) + 64); };
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[0]);
    ExpectOnly(Verdict::kForeignThread);
  });
}

TEST_F(RunQueueSlotTest, AThreadThatIsGoneIsForeign) {
  InSlot([&] {
    sched::Thread* gone;
    {
      const auto thread = ThreadFactory::Create(ProcessTable::Kernel(), Tid{200}, ThreadFactory::Kind::kKernel).value();
      gone = thread.get();
    }
    queue_->pick = [&] { return gone; };
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[0]);
    ExpectOnly(Verdict::kForeignThread);
  });
}

TEST_F(RunQueueSlotTest, ABlockedThreadIsNotRunnable) {
  InSlot([&] {
    Thread* picked = slot_->PickNext(kCpu, Nanos{});
    picked->SetState(State::kRunning);
    picked->SetState(State::kBlocked);
    queue_->pick = [&] { return picked; };
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[1]);
    ExpectOnly(Verdict::kNotRunnable);
    EXPECT_TRUE(slot_->condemned());
  });
}

TEST_F(RunQueueSlotTest, ARunningThreadRunsElsewhere) {
  InSlot([&] {
    Thread* picked = slot_->PickNext(kCpu, Nanos{});
    picked->SetState(State::kRunning);
    queue_->pick = [&] { return picked; };
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[1]);
    ExpectOnly(Verdict::kRunningElsewhere);
    EXPECT_TRUE(slot_->condemned());
  });
}

TEST_F(RunQueueSlotTest, AThreadThatIsReadyButNotHereIsNotQueued) {
  InSlot([&] {
    Thread* picked = slot_->PickNext(kCpu, Nanos{});  // ready, and in no queue
    queue_->pick = [&] { return picked; };
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[1]);
    ExpectOnly(Verdict::kNotQueued);
    EXPECT_TRUE(slot_->condemned());
  });
}

TEST_F(RunQueueSlotTest, AThreadGivenToACpuThatItMayNotUseGoesBackAndAnotherRuns) {
  InSlot([&] {
    sched::ThreadAccess::SetAffinity(*threads_[0], CpuSet::Of(CpuId{5}));
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[1]);
    ExpectOnly(Verdict::kWrongCpu);
    EXPECT_FALSE(slot_->condemned());
    EXPECT_EQ(slot_->size(), 2u);
    sched::ThreadAccess::SetAffinity(*threads_[0], CpuSet::All());
  });
}

TEST_F(RunQueueSlotTest, AQueueThatGivesNothingThoughItHoldsAThreadHasLostIt) {
  InSlot([&] {
    queue_->pick = [] { return nullptr; };
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[0]);
    ExpectOnly(Verdict::kLostThreads);
    EXPECT_TRUE(slot_->condemned());
  });
}

TEST_F(RunQueueSlotTest, ACondemnedPluginIsNeverCalledAgainAndItsThreadsRunInOrder) {
  InSlot([&] {
    queue_->pick = [] { return nullptr; };
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[0]);
    const int calls = queue_->calls;
    slot_->Enqueue(*threads_[0], sched::EnqueueReason::kYielded, Nanos{});
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[1]);
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[2]);
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[0]);
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), nullptr);
    EXPECT_EQ(queue_->calls, calls);
  });
  EXPECT_NE(machine.console().find("plugin rogue on cpus 1: condemned for lost_threads, its threads run"), std::string::npos)
      << machine.console();
}

TEST_F(RunQueueSlotTest, AThreadThatThePluginKeepsLinkedIsNotLinkedTwice) {
  InSlot([&] {
    queue_->pick = [&] { return static_cast<sched::Thread*>(threads_[0]); };  // without taking it out of its list
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[0]);
    slot_->Enqueue(*threads_[0], sched::EnqueueReason::kYielded, Nanos{});
    ExpectOnly(Verdict::kNotQueued);
    EXPECT_TRUE(slot_->condemned());
  });
}

TEST_F(RunQueueSlotTest, AStealCandidateMustBeQueuedAndAllowed) {
  InSlot([&] {
    queue_->candidate = threads_[1];
    EXPECT_EQ(slot_->StealCandidate(kCpu, Nanos{}), threads_[1]);
    ExpectOnly(Verdict::kAccepted);
    sched::ThreadAccess::SetAffinity(*threads_[1], CpuSet::Of(CpuId{5}));
    EXPECT_EQ(slot_->StealCandidate(kCpu, Nanos{}), nullptr);
    ExpectOnly(Verdict::kWrongCandidate);
    sched::ThreadAccess::SetAffinity(*threads_[1], CpuSet::All());
  });
}

TEST_F(RunQueueSlotTest, ACpuOutsideTheAllowedSetIsNotTaken) {
  InSlot([&] {
    queue_->select = CpuId{1};
    EXPECT_EQ(slot_->SelectCpu(*threads_[0], CpuSet::FirstN(2), Nanos{}), CpuId{1});
    queue_->select = CpuId{7};
    EXPECT_EQ(slot_->SelectCpu(*threads_[0], CpuSet::FirstN(2), Nanos{}), kNoCpu);
    ExpectOnly(Verdict::kBadCpu);
  });
}

TEST_F(RunQueueSlotTest, ANegativeSliceBecomesTheConfiguredOne) {
  InSlot([&] {
    queue_->slice = Nanos{-1};
    EXPECT_EQ(slot_->TimeSlice(*threads_[0], Nanos{}), Nanos::Millis(10));
    ExpectOnly(Verdict::kBadSlice);
    queue_->slice = std::nullopt;
    EXPECT_EQ(slot_->TimeSlice(*threads_[0], Nanos{}), Nanos::Max());
    queue_->slice = Nanos::Micros(500);
    EXPECT_EQ(slot_->TimeSlice(*threads_[0], Nanos{}), Nanos::Micros(500));
  });
}

TEST_F(RunQueueSlotTest, AWaitPastTwiceTheBoundIsStarvationOnceAWait) {
  InSlot([&] {
    const Nanos bound = Nanos::Millis(10) * 4 * 2;  // three ready, one more running
    slot_->WatchStarvation(bound);
    ExpectOnly(Verdict::kAccepted);
    slot_->WatchStarvation(bound + Nanos{1});
    slot_->WatchStarvation(bound + Nanos{2});
    ExpectOnly(Verdict::kStarvation);
    EXPECT_FALSE(slot_->condemned());
  });
}

TEST_F(RunQueueSlotTest, StarvationThatGoesOnEjectsThePluginAndItsReasonAndDecisionsAreKept) {
  InSlot([&] {
    const Nanos limit = Nanos::Millis(10) * 4 * 2 + RunQueueSlot::kStarvationGrace;
    EXPECT_FALSE(slot_->WatchStarvation(limit));
    EXPECT_FALSE(slot_->condemned());
    EXPECT_TRUE(slot_->WatchStarvation(limit + Nanos{1}));
    EXPECT_FALSE(slot_->WatchStarvation(limit + Nanos{2}));  // told once
    ExpectOnly(Verdict::kStarvation);
    ASSERT_TRUE(slot_->ejection());
    EXPECT_EQ(slot_->ejection()->verdict, Verdict::kStarvation);
    EXPECT_EQ(slot_->ejection()->thread, Tid{100});
    EXPECT_EQ(slot_->PickNext(kCpu, limit), threads_[0]);
    const DecisionLog& log = slot_->decisions();
    ASSERT_EQ(log.size(), 3u);  // what the built-in queue decides is no news
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(log.FromLast(2 - i).what, DecisionLog::What::kEnqueue);
      EXPECT_EQ(log.FromLast(2 - i).thread, threads_[i]->id());
      EXPECT_EQ(log.FromLast(2 - i).time, Nanos{static_cast<std::int64_t>(i)});
    }
  });
  EXPECT_NE(machine.console().find("plugin rogue on cpus 1: condemned for starvation, its threads run first in, first out"),
            std::string::npos)
      << machine.console();
}

TEST_F(RunQueueSlotTest, TooManyWrongAnswersOfALesserKindEjectThePlugin) {
  InSlot([&] {
    queue_->select = CpuId{7};
    for (std::uint32_t i = 1; i < RunQueueSlot::kMostWrongAnswers; ++i) {
      EXPECT_EQ(slot_->SelectCpu(*threads_[0], CpuSet::FirstN(2), Nanos{}), kNoCpu);
    }
    EXPECT_FALSE(slot_->condemned());
    EXPECT_EQ(slot_->SelectCpu(*threads_[0], CpuSet::FirstN(2), Nanos{}), kNoCpu);
    ASSERT_TRUE(slot_->ejection());
    EXPECT_EQ(slot_->ejection()->verdict, Verdict::kBadCpu);
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[0]);
  });
}

TEST_F(RunQueueSlotTest, AnEjectedLayerTakesNoMoreThreads) {
  InSlot([&] {
    EXPECT_TRUE(slot_->Accepts(*threads_[0]));
    queue_->pick = [] { return nullptr; };
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[0]);
    EXPECT_FALSE(slot_->Accepts(*threads_[0]));
  });
}

TEST_F(RunQueueSlotTest, ASliceOfNextToNothingIsLengthened) {
  InSlot([&] {
    queue_->slice = Nanos{1};
    EXPECT_EQ(slot_->TimeSlice(*threads_[0], Nanos{}), RunQueueSlot::kShortestSlice);
    queue_->slice = RunQueueSlot::kShortestSlice;
    EXPECT_EQ(slot_->TimeSlice(*threads_[0], Nanos{}), RunQueueSlot::kShortestSlice);
    ExpectOnly(Verdict::kAccepted);  // what is left of a slice may be that little
  });
}

TEST_F(RunQueueSlotTest, DequeuesAndPicksAreLogged) {
  InSlot([&] {
    slot_->Dequeue(*threads_[1], sched::DequeueReason::kStolen, Nanos{7});
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{8}), threads_[0]);
    const DecisionLog& log = slot_->decisions();
    EXPECT_EQ(log.FromLast(0).what, DecisionLog::What::kPick);
    EXPECT_EQ(log.FromLast(0).thread, Tid{100});
    EXPECT_EQ(log.FromLast(1).what, DecisionLog::What::kDequeue);
    EXPECT_EQ(log.FromLast(1).time, Nanos{7});
    for (std::size_t i = 0; i < DecisionLog::kSize; ++i) {
      slot_->Enqueue(*threads_[0], sched::EnqueueReason::kYielded, Nanos{9});
      EXPECT_NE(slot_->PickNext(kCpu, Nanos{9}), nullptr);
      slot_->Enqueue(*threads_[2], sched::EnqueueReason::kYielded, Nanos{9});
      EXPECT_NE(slot_->PickNext(kCpu, Nanos{9}), nullptr);
    }
    EXPECT_EQ(log.size(), DecisionLog::kSize);
    slot_->Enqueue(*threads_[1], sched::EnqueueReason::kMigrated, Nanos{10});
  });
}

TEST_F(RunQueueSlotTest, TimeThatTheMachineWasAwayIsNoStarvation) {
  InSlot([&] {
    const Nanos bound = Nanos::Millis(10) * 4 * 2;
    slot_->Excuse(Nanos::Millis(5));
    slot_->WatchStarvation(bound + Nanos::Millis(5));
    ExpectOnly(Verdict::kAccepted);
    slot_->WatchStarvation(bound + Nanos::Millis(5) + Nanos{1});
    ExpectOnly(Verdict::kStarvation);
  });
}

TEST_F(RunQueueSlotTest, AThreadForAnotherCpuThatThePluginKeepsLinkedIsNotLinkedTwice) {
  InSlot([&] {
    sched::ThreadAccess::SetAffinity(*threads_[0], CpuSet::Of(CpuId{5}));
    queue_->pick = [&] { return static_cast<sched::Thread*>(threads_[0]); };  // without taking it out of its list
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{}), threads_[1]);
    EXPECT_EQ(slot_->verdicts(Verdict::kWrongCpu), 1u);
    EXPECT_EQ(slot_->verdicts(Verdict::kNotQueued), 1u);
    EXPECT_TRUE(slot_->condemned());
    sched::ThreadAccess::SetAffinity(*threads_[0], CpuSet::All());
  });
}

TEST_F(RunQueueSlotTest, AThreadThatThePluginKeepsAfterDequeueIsItsOwnFault) {
  InSlot([&] {
    queue_->keeps_dequeued = true;
    slot_->Dequeue(*threads_[1], sched::DequeueReason::kStolen, Nanos{});
    ExpectOnly(Verdict::kNotQueued);
    EXPECT_TRUE(slot_->condemned());
    EXPECT_EQ(slot_->size(), 2u);
  });
}

TEST_F(RunQueueSlotTest, ATimerThatNamesTheSameMomentAgainIsHeededNoMore) {
  InSlot([&] {
    queue_->timer = Nanos{50};
    EXPECT_EQ(slot_->NextTimer(Nanos{60}), Nanos{50});  // late is no fault
    slot_->TimerExpired(Nanos{60});
    ExpectOnly(Verdict::kBadTimer);
    EXPECT_FALSE(slot_->condemned());
    EXPECT_EQ(slot_->NextTimer(Nanos{60}), Nanos::Max());
    slot_->TimerExpired(Nanos{70});
    EXPECT_EQ(queue_->expiries, 1);
  });
}

TEST_F(RunQueueSlotTest, ATimerThatLiesAheadIsHeededAgain) {
  InSlot([&] {
    queue_->timer = Nanos{61};
    slot_->TimerExpired(Nanos{60});
    ExpectOnly(Verdict::kAccepted);
    EXPECT_EQ(slot_->NextTimer(Nanos{60}), Nanos{61});
  });
}

// The last of many has waited for a turn of each of them, though they are gone when the watchdog looks.
TEST_F(RunQueueSlotTest, AWaitBehindManyThatHaveLeftIsNoStarvation) {
  InSlot([&] {
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{10}), threads_[0]);
    EXPECT_EQ(slot_->PickNext(kCpu, Nanos{20}), threads_[1]);
    const Nanos bound_of_two = Nanos::Millis(10) * 2 * 2;
    const Nanos bound_of_four = Nanos::Millis(10) * 4 * 2;
    slot_->WatchStarvation(bound_of_two + Nanos::Millis(1));
    slot_->WatchStarvation(bound_of_four);
    ExpectOnly(Verdict::kAccepted);
    slot_->WatchStarvation(bound_of_four + Nanos::Millis(1));
    ExpectOnly(Verdict::kStarvation);
  });
}

// And the many of long ago are no excuse for ever.
TEST_F(RunQueueSlotTest, ThoseWhoLeftBeforeTheWaitBeganDoNotCountForLong) {
  InSlot([&] {
    Nanos now = Nanos::Seconds(1);
    const auto pass = [&](int i) {
      EXPECT_EQ(slot_->PickNext(kCpu, now), threads_[i]);
      now += Nanos::Millis(1);
      slot_->Enqueue(*threads_[i], sched::EnqueueReason::kYielded, now);
      slot_->WatchStarvation(now);
    };
    EXPECT_EQ(slot_->PickNext(kCpu, now), threads_[0]);
    EXPECT_EQ(slot_->PickNext(kCpu, now), threads_[1]);
    for (int i = 0; i < 4; ++i) pass(2);
    const Nanos bound_of_two = Nanos::Millis(10) * 2 * 2;
    slot_->WatchStarvation(now + bound_of_two);
    ExpectOnly(Verdict::kAccepted);
    slot_->WatchStarvation(now + bound_of_two + Nanos{1});
    ExpectOnly(Verdict::kStarvation);
  });
}

TEST_F(RunQueueSlotTest, AWaitThatGoesOnInAnotherQueueIsAccountedWhole) {
  InSlot([&] {
    slot_->Dequeue(*threads_[1], sched::DequeueReason::kChanged, Nanos{101});  // ready since 1
    EXPECT_EQ(threads_[1]->accounting.waiting, Nanos{100});
    slot_->Enqueue(*threads_[1], sched::EnqueueReason::kChanged, Nanos{101});
  });
}

}  // namespace
}  // namespace esc::core
