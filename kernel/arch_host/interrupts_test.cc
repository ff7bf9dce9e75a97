// Interrupts, the clock and idling on the simulated machine.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/arch_host/fake_upcalls.h"
#include "kernel/arch_host/machine.h"
#include "kernel/base/port.h"
#include "kernel/base/spin_lock.h"

namespace esc::host {
namespace {

class InterruptsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Hooks().on_timer = [this] {
      EXPECT_FALSE(port::InterruptsEnabled());
      timers_.push_back(arch::Now().value);
    };
    Hooks().on_console_input = [this](char c) { input_ += c; };
    Hooks().before_return_to_kernel = [this] { ++returns_; };
  }
  void TearDown() override { Hooks() = {}; }

  Machine machine_;
  std::vector<std::int64_t> timers_;
  std::string input_;
  int returns_ = 0;
};

TEST_F(InterruptsTest, TheTimerComesAtItsDeadlineWhileTimePasses) {
  machine_.Run([this] {
    arch::SetTimer(Nanos{500});
    port::EnableInterrupts();
    machine_.Advance(Nanos{499});
    EXPECT_TRUE(timers_.empty());
    machine_.Advance(Nanos{100});
    EXPECT_EQ(timers_, (std::vector<std::int64_t>{500}));
    EXPECT_EQ(arch::Now(), Nanos{599});
    machine_.Advance(Nanos{10'000});
    EXPECT_EQ(timers_.size(), 1u);
    EXPECT_EQ(returns_, 1);
  });
}

TEST_F(InterruptsTest, NothingIsDeliveredWhileTheFlagIsClear) {
  machine_.Run([this] {
    arch::SetTimer(Nanos{500});
    machine_.Advance(Nanos{1000});
    EXPECT_TRUE(timers_.empty());
    {
      const InterruptGuard guard;
      machine_.Advance(Nanos{1000});
    }
    EXPECT_TRUE(timers_.empty());
    port::EnableInterrupts();
    EXPECT_EQ(timers_, (std::vector<std::int64_t>{2000}));
  });
}

TEST_F(InterruptsTest, ALaterSetTimerReplacesTheFormer) {
  machine_.Run([this] {
    arch::SetTimer(Nanos{500});
    arch::SetTimer(Nanos{900});
    port::EnableInterrupts();
    machine_.Advance(Nanos{2000});
    EXPECT_EQ(timers_, (std::vector<std::int64_t>{900}));
    port::DisableInterrupts();
    arch::SetTimer(Nanos{100});  // has passed: at once
    port::EnableInterrupts();
    EXPECT_EQ(timers_, (std::vector<std::int64_t>{900, 2000}));
  });
}

TEST_F(InterruptsTest, AHandlerMaySetTheNextTimer) {
  Hooks().on_timer = [this] {
    timers_.push_back(arch::Now().value);
    if (timers_.size() < 4) arch::SetTimer(arch::Now() + Nanos{10});
  };
  machine_.Run([this] {
    arch::SetTimer(Nanos{10});
    port::EnableInterrupts();
    machine_.Advance(Nanos{1000});
  });
  EXPECT_EQ(timers_, (std::vector<std::int64_t>{10, 20, 30, 40}));
}

TEST_F(InterruptsTest, IdlingJumpsToTheNextEvent) {
  machine_.TypeAt(Nanos::Millis(5), "ok");
  const Outcome outcome = machine_.Run([this] {
    arch::SetTimer(Nanos::Millis(3));
    arch::WaitForInterrupt();
    EXPECT_FALSE(port::InterruptsEnabled());
    EXPECT_EQ(arch::Now(), Nanos::Millis(3));
    EXPECT_TRUE(input_.empty());
    arch::WaitForInterrupt();
    EXPECT_EQ(arch::Now(), Nanos::Millis(5));
    EXPECT_EQ(input_, "ok");
    EXPECT_EQ(machine_.idle_time(), Nanos::Millis(5));
    arch::WaitForInterrupt();
    ADD_FAILURE() << "nothing could have ended this wait";
  });
  EXPECT_EQ(outcome.end, Outcome::End::kIdleForever);
  EXPECT_NE(outcome.message.find("none will ever come"), std::string::npos);
}

TEST_F(InterruptsTest, ScriptedInterruptsComeInOrder) {
  Hooks().on_reschedule = [this] { input_ += '!'; };
  machine_.TypeAt(Nanos{20}, "b");
  machine_.TypeAt(Nanos{10}, "a");
  machine_.RaiseRescheduleAt(Nanos{15});
  machine_.RaiseTimerAt(Nanos{30});
  machine_.Run([this] {
    port::EnableInterrupts();
    machine_.Advance(Nanos{100});
  });
  EXPECT_EQ(input_, "a!b");
  EXPECT_EQ(timers_, (std::vector<std::int64_t>{30}));
}

TEST_F(InterruptsTest, AHandlerThatTurnsInterruptsOnIsABug) {
  Hooks().on_timer = [] { port::EnableInterrupts(); };
  const Outcome outcome = machine_.Run([this] {
    arch::SetTimer(Nanos{1});
    port::EnableInterrupts();
    machine_.Advance(Nanos{10});
  });
  EXPECT_EQ(outcome.end, Outcome::End::kPanicked);
}

void LockTwice(SpinLock& lock) ESC_NO_THREAD_SAFETY_ANALYSIS {  // wrong on purpose
  const InterruptGuard guard;
  lock.Acquire();
  Machine::Current().cpu().lock_trace.depth = 0;  // as if the rank checker were off
  lock.Acquire();
}

TEST_F(InterruptsTest, TakingALockTwiceIsReportedAndDoesNotHang) {
  SpinLock first(LockRank::kProcess);
  const Outcome outcome = machine_.Run([&] { LockTwice(first); });
  EXPECT_EQ(outcome.end, Outcome::End::kPanicked);
  EXPECT_NE(outcome.message.find("taken twice"), std::string::npos) << outcome.message;
}

}  // namespace
}  // namespace esc::host
