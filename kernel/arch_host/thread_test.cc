#include "kernel/arch_api/thread.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/arch_api/power.h"
#include "kernel/arch_host/fake_upcalls.h"
#include "kernel/arch_host/machine.h"
#include "kernel/base/port.h"

namespace esc::host {
namespace {

struct alignas(64) Area {
  std::array<std::byte, 256> bytes{};
};

// A thread with a kernel stack that is a plain buffer: only the user registers lie in it.
struct TestThread {
  TestThread() {
    context.stack_bottom = VirtAddr{reinterpret_cast<std::uintptr_t>(stack.data())};
    context.stack_top = context.stack_bottom + stack.size();
  }
  alignas(16) std::array<std::byte, 4096> stack{};
  Area fpu;
  arch::ThreadContext context;
};

class ThreadTest : public ::testing::Test {
 protected:
  void TearDown() override { Hooks() = {}; }
  Machine machine_;
};

struct PingPong {
  TestThread boot;
  TestThread other;
  std::vector<int> steps;
};

TEST_F(ThreadTest, SwitchGoesBackAndForthOnTwoStacks) {
  PingPong pair;
  const Outcome outcome = machine_.Run([&] {
    arch::AdoptBootThread(pair.boot.context);
    arch::InitThread(
        pair.other.context,
        [](void* argument) {
          auto& shared = *static_cast<PingPong*>(argument);
          EXPECT_FALSE(port::InterruptsEnabled());
          for (int i = 0;; ++i) {
            shared.steps.push_back(100 + i);
            arch::SwitchThread(shared.other.context, shared.boot.context);
          }
        },
        &pair);
    for (int i = 0; i < 3; ++i) {
      pair.steps.push_back(i);
      arch::SwitchThread(pair.boot.context, pair.other.context);
    }
  });
  EXPECT_EQ(outcome.end, Outcome::End::kReturned);
  EXPECT_EQ(pair.steps, (std::vector<int>{0, 100, 1, 101, 2, 102}));
}

TEST_F(ThreadTest, AStackIsReusedByTheNextThread) {
  PingPong pair;
  const Outcome outcome = machine_.Run([&] {
    arch::AdoptBootThread(pair.boot.context);
    for (int round = 0; round < 50; ++round) {
      arch::InitThread(
          pair.other.context,
          [](void* argument) {
            auto& shared = *static_cast<PingPong*>(argument);
            volatile char deep[2000] = {};  // leaves sanitizer marks on the stack that is abandoned
            deep[0] = 1;
            shared.steps.push_back(deep[0]);
            arch::SwitchThread(shared.other.context, shared.boot.context);
          },
          &pair);
      arch::SwitchThread(pair.boot.context, pair.other.context);
    }
  });
  EXPECT_EQ(outcome.end, Outcome::End::kReturned);
  EXPECT_EQ(pair.steps.size(), 50u);
}

TEST_F(ThreadTest, TheMachineEndsFromAnyThread) {
  PingPong pair;
  const Outcome outcome = machine_.Run([&] {
    arch::AdoptBootThread(pair.boot.context);
    arch::InitThread(pair.other.context, [](void*) { arch::PowerOff(7); }, nullptr);
    arch::SwitchThread(pair.boot.context, pair.other.context);
  });
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff);
  EXPECT_EQ(outcome.exit_code, 7);
}

TEST_F(ThreadTest, FpuStateAndBasesBelongToTheThread) {
  PingPong pair;
  arch::InitFpuState(&pair.boot.fpu);
  arch::InitFpuState(&pair.other.fpu);
  pair.boot.context.fpu = &pair.boot.fpu;
  pair.other.context.fpu = &pair.other.fpu;
  pair.other.context.fs_base = 0x1234;
  const Outcome outcome = machine_.Run([&] {
    arch::AdoptBootThread(pair.boot.context);
    arch::InitThread(
        pair.other.context,
        [](void* argument) {
          auto& shared = *static_cast<PingPong*>(argument);
          Machine::Cpu& cpu = Machine::Current().cpu();
          EXPECT_EQ(cpu.fpu[3], 0u);
          EXPECT_EQ(cpu.fs_base, 0x1234u);
          cpu.fpu[3] = 33;
          arch::SwitchThread(shared.other.context, shared.boot.context);
        },
        &pair);
    machine_.cpu().fpu[3] = 11;
    arch::SwitchThread(pair.boot.context, pair.other.context);
    EXPECT_EQ(machine_.cpu().fpu[3], 11u);
    EXPECT_EQ(machine_.cpu().fs_base, 0u);
  });
  EXPECT_EQ(outcome.end, Outcome::End::kReturned);
}

TEST_F(ThreadTest, AnFpuAreaThatNobodyPreparedIsFound) {
  PingPong pair;
  pair.other.context.fpu = &pair.other.fpu;
  const Outcome outcome = machine_.Run([&] {
    arch::AdoptBootThread(pair.boot.context);
    arch::InitThread(pair.other.context, [](void*) { arch::PowerOff(0); }, nullptr);
    arch::SwitchThread(pair.boot.context, pair.other.context);
  });
  EXPECT_EQ(outcome.end, Outcome::End::kPanicked);
  EXPECT_NE(outcome.message.find("InitFpuState"), std::string::npos) << outcome.message;
}

TEST_F(ThreadTest, SwitchingWithInterruptsOnIsABug) {
  PingPong pair;
  const Outcome outcome = machine_.Run([&] {
    arch::AdoptBootThread(pair.boot.context);
    arch::InitThread(pair.other.context, [](void*) { arch::PowerOff(0); }, nullptr);
    port::EnableInterrupts();
    arch::SwitchThread(pair.boot.context, pair.other.context);
  });
  EXPECT_EQ(outcome.end, Outcome::End::kPanicked);
}

TEST_F(ThreadTest, RegistersFromOutsideAreMadeSafe) {
  arch::UserRegisters registers = arch::InitialUserRegisters(VirtAddr{0x1000}, VirtAddr{0x2000});
  registers.cs = 8;
  registers.rflags = ~std::uint64_t{0};
  EXPECT_TRUE(arch::SanitizeUserRegisters(registers));
  EXPECT_EQ(registers.cs & 3, 3u);
  EXPECT_EQ(registers.rflags & 0x3000, 0u);  // no I/O privilege
  EXPECT_NE(registers.rflags & 0x200, 0u);
  registers.rip = std::uint64_t{1} << 63;
  EXPECT_FALSE(arch::SanitizeUserRegisters(registers));
}

}  // namespace
}  // namespace esc::host
