#include "kernel/core/timer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/power.h"
#include "kernel/core/park.h"
#include "kernel/core/testing/core_machine.h"
#include "kernel/core/time/timer_queue.h"

namespace esc::core {
namespace {

class LoggedTimer : public Timer {
 public:
  LoggedTimer(int name, std::vector<int>& log) : Timer(&Fire), name_(name), log_(log) {}
  Nanos fired_at{};

 private:
  static void Fire(Timer& timer) {
    auto& self = static_cast<LoggedTimer&>(timer);
    self.log_.push_back(self.name_);
    self.fired_at = arch::Now();
  }
  int name_;
  std::vector<int>& log_;
};

class TimerTest : public CoreTest {
 protected:
  // Runs `body` in a thread and powers off.
  void InThread(std::function<void()> body) {
    const host::Outcome outcome = Boot([&] {
      Spawn([&] {
        body();
        arch::PowerOff(0);
      });
    });
    EXPECT_EQ(outcome.end, host::Outcome::End::kPoweredOff) << outcome.message;
  }
  std::vector<int> log_;
};

TEST_F(TimerTest, TimersFireAtTheirTimeInOrderOfDeadlineThenOfStart) {
  InThread([&] {
    LoggedTimer a(1, log_), b(2, log_), c(3, log_), d(4, log_);
    c.Start(Nanos{300});
    a.Start(Nanos{100});
    b.Start(Nanos{200});
    d.Start(Nanos{200});
    EXPECT_EQ(SleepUntil(Nanos{1000}, Interruptible::kNo), Status::kOk);
    EXPECT_EQ(log_, (std::vector<int>{1, 2, 4, 3}));
    EXPECT_EQ(a.fired_at, Nanos{100});
    EXPECT_EQ(c.fired_at, Nanos{300});
    EXPECT_FALSE(a.pending());
  });
}

TEST_F(TimerTest, ACancelledTimerDoesNotFireAndARestartedOneFiresOnce) {
  InThread([&] {
    LoggedTimer a(1, log_), b(2, log_);
    a.Start(Nanos{100});
    b.Start(Nanos{150});
    a.Cancel();
    a.Cancel();
    b.Start(Nanos{400});
    EXPECT_TRUE(b.pending());
    EXPECT_FALSE(a.pending());
    EXPECT_EQ(SleepUntil(Nanos{1000}, Interruptible::kNo), Status::kOk);
    EXPECT_EQ(log_, std::vector<int>{2});
    EXPECT_EQ(b.fired_at, Nanos{400});
  });
}

TEST_F(TimerTest, ADestroyedTimerIsCancelled) {
  InThread([&] {
    { LoggedTimer gone(1, log_); gone.Start(Nanos{100}); }
    EXPECT_EQ(SleepUntil(Nanos{1000}, Interruptible::kNo), Status::kOk);
    EXPECT_TRUE(log_.empty());
  });
}

TEST_F(TimerTest, ADeadlineThatHasPassedFiresAtOnce) {
  InThread([&] {
    Work(Nanos{500});
    LoggedTimer late(1, log_);
    late.Start(Nanos{10});
    EXPECT_EQ(SleepUntil(Nanos{501}, Interruptible::kNo), Status::kOk);
    EXPECT_EQ(log_, std::vector<int>{1});
  });
}

// Against a sorted list, through thousands of additions, removals and pops.
TEST(TimerQueueModel, BehavesAsASortedListDoes) {
  std::mt19937 random(1);
  std::vector<int> unused;
  std::vector<std::unique_ptr<LoggedTimer>> timers;
  for (int i = 0; i < 64; ++i) timers.push_back(std::make_unique<LoggedTimer>(i, unused));
  TimerQueue queue;
  struct Expected {
    Nanos deadline;
    Timer* timer;
  };
  std::vector<Expected> model;  // stable order of start
  port::DisableInterrupts();
  {
    SpinLockGuard guard(queue.lock);
    for (int step = 0; step < 20'000; ++step) {
      Timer* timer = timers[random() % timers.size()].get();
      const auto at = std::ranges::find(model, timer, &Expected::timer);
      if (at != model.end()) {
        queue.Remove(*timer);
        model.erase(at);
      } else if (random() % 3 != 0) {
        const Nanos deadline{static_cast<std::int64_t>(random() % 40)};
        queue.Add(*timer, deadline);
        model.push_back({deadline, timer});
      } else {
        const Nanos now{static_cast<std::int64_t>(random() % 40)};
        const auto first = std::ranges::min_element(model, {}, &Expected::deadline);
        Timer* expected = first != model.end() && first->deadline <= now ? first->timer : nullptr;
        ASSERT_EQ(queue.PopDue(now), expected) << "step " << step;
        if (expected != nullptr) model.erase(first);
      }
      const auto first = std::ranges::min_element(model, {}, &Expected::deadline);
      ASSERT_EQ(queue.earliest(), first == model.end() ? Nanos::Max() : first->deadline);
    }
    while (queue.PopDue(Nanos::Max()) != nullptr) {
    }
  }
}

}  // namespace
}  // namespace esc::core
