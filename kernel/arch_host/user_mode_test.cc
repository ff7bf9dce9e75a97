// Simulated user mode: the instruction set, traps, faults and preemption.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/power.h"
#include "kernel/arch_api/thread.h"
#include "kernel/arch_host/assembler.h"
#include "kernel/arch_host/fake_upcalls.h"
#include "kernel/arch_host/machine.h"
#include "kernel/base/port.h"

namespace esc::host {
namespace {

using arch::Access;
using arch::UserRegisters;
constexpr VirtAddr kCode{0x10'0000};
constexpr VirtAddr kData{0x20'0000};
constexpr std::uint64_t kExit = 60;

class UserModeTest : public ::testing::Test, public arch::TableFrameSource {
 public:
  Result<FrameNumber> AllocateTableFrame() override {
    arch::ZeroFrame(FrameNumber{next_frame_});
    return FrameNumber{next_frame_++};
  }
  void FreeTableFrame(FrameNumber) override {}

 protected:
  void SetUp() override {
    Hooks().on_system_call = [this](UserRegisters& registers) {
      EXPECT_TRUE(port::InterruptsEnabled());
      calls_.push_back(registers);
      if (registers.original_rax == kExit) arch::PowerOff(static_cast<std::uint8_t>(registers.rdi));
      registers.rax = 1000 + registers.original_rax;
    };
    Hooks().before_return_to_user = [this](UserRegisters&) {
      EXPECT_FALSE(port::InterruptsEnabled());
      ++returns_;
    };
    Hooks().on_page_fault = [this](const upcall::PageFault& fault) {
      EXPECT_TRUE(fault.from_user);
      faults_.push_back(fault);
      if (fault.address < kData || fault.address >= kData + 16 * kPageSize) arch::PowerOff(111);
      MapFrame(fault.address.PageDown(), Access::kRead | Access::kWrite);
      return upcall::FaultOutcome::kResolved;
    };
    root_ = arch::CreateRoot(*this).value();
    arch::LoadRoot(root_);
  }
  void TearDown() override { Hooks() = {}; }

  FrameNumber MapFrame(VirtAddr page, Access access) {
    const FrameNumber frame = AllocateTableFrame().value();
    EXPECT_EQ(arch::MapPage(root_, page, {.frame = frame, .access = access}, *this), Status::kOk);
    return frame;
  }
  Outcome RunProgram(Assembler& program) {
    const std::vector<std::byte> code = program.Finish();
    EXPECT_LE(code.size(), kPageSize);
    const FrameNumber frame = MapFrame(kCode, Access::kRead | Access::kExecute);
    std::memcpy(arch::DirectMap(frame), code.data(), code.size());
    context_.stack_bottom = VirtAddr{reinterpret_cast<std::uintptr_t>(stack_.data())};
    context_.stack_top = context_.stack_bottom + stack_.size();
    return machine_.Run([this] {
      arch::AdoptBootThread(context_);
      arch::UserFrame(context_) = arch::InitialUserRegisters(kCode, kData + kPageSize);
      arch::EnterUser(context_);
    });
  }

  Machine machine_{MachineOptions{.time_limit = Nanos::Seconds(1)}};
  std::uint64_t next_frame_ = 100;
  PhysAddr root_;
  alignas(16) std::array<std::byte, 4096> stack_{};
  arch::ThreadContext context_;
  std::vector<UserRegisters> calls_;
  std::vector<upcall::PageFault> faults_;
  int returns_ = 0;
};

TEST_F(UserModeTest, AHostCallIsTheTestsBetweenTwoInstructions) {
  machine_.on_host_call = [this](std::uint64_t which, UserRegisters& registers) {
    EXPECT_EQ(which, 42u);
    EXPECT_EQ(registers.rbx, 5u);
    EXPECT_TRUE(calls_.empty());
    registers.rdi = 9;
  };
  Assembler program;
  program.Move(Register::rbx, 5);
  program.HostCall(42);
  program.Move(Register::rax, kExit);
  program.SystemCall();
  EXPECT_EQ(RunProgram(program).exit_code, 9);
}

TEST_F(UserModeTest, ComputesJumpsAndCalls) {
  Assembler program;
  const Label again = program.NewLabel();
  const Label twice = program.NewLabel();
  program.Move(Register::rbx, 5);
  program.Move(Register::rdi, 0);
  program.Bind(again);
  program.AddRegister(Register::rdi, Register::rbx);
  program.Add(Register::rbx, -1);
  program.JumpIfNotZero(Register::rbx, again);
  program.Call(twice);
  program.Move(Register::rax, kExit);
  program.SystemCall();
  program.Bind(twice);
  program.AddRegister(Register::rdi, Register::rdi);
  program.Return();
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff);
  EXPECT_EQ(outcome.exit_code, (5 + 4 + 3 + 2 + 1) * 2);
  ASSERT_EQ(faults_.size(), 1u);  // the stack's page
  EXPECT_EQ(faults_[0].access, Access::kWrite);
}

TEST_F(UserModeTest, SystemCallsPassRegistersAsLinuxDoes) {
  Assembler program;
  program.SystemCall(7, {1, 2, 3, 4, 5, 6});
  program.Copy(Register::rbx, Register::rax);
  program.SystemCall(kExit, {9});
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.exit_code, 9);
  ASSERT_EQ(calls_.size(), 2u);
  EXPECT_EQ(calls_[0].original_rax, 7u);
  EXPECT_EQ(calls_[0].rdi, 1u);
  EXPECT_EQ(calls_[0].rsi, 2u);
  EXPECT_EQ(calls_[0].rdx, 3u);
  EXPECT_EQ(calls_[0].r10, 4u);
  EXPECT_EQ(calls_[0].r8, 5u);
  EXPECT_EQ(calls_[0].r9, 6u);
  EXPECT_EQ(calls_[0].rcx, calls_[0].rip);
  EXPECT_EQ(calls_[1].rbx, 1007u);
  EXPECT_EQ(returns_, 2);
}

TEST_F(UserModeTest, LoadsAndStoresGoThroughTheMmuAndRetryAfterAFault) {
  Assembler program;
  program.Move(Register::rbx, kData.value + kPageSize - 4);
  program.Move(Register::rdx, 0x1122'3344'5566'7788);
  program.Store64(Register::rbx, 0, Register::rdx);  // across two pages
  program.Load32(Register::r12, Register::rbx, 4);
  program.Load8(Register::r13, Register::rbx, 0);
  program.Store8(Register::rbx, 1, Register::r13);
  program.Load64(Register::r14, Register::rbx, 0);
  program.SystemCall(kExit, {0});
  RunProgram(program);
  ASSERT_EQ(calls_.size(), 1u);
  EXPECT_EQ(calls_[0].r12, 0x1122'3344u);
  EXPECT_EQ(calls_[0].r13, 0x88u);
  EXPECT_EQ(calls_[0].r14, 0x1122'3344'5566'8888u);
  EXPECT_EQ(faults_.size(), 2u);
}

TEST_F(UserModeTest, ProtectionHoldsForStoresAndFetches) {
  Assembler program;
  program.Move(Register::rbx, kCode.value);
  program.Store8(Register::rbx, 0, Register::rbx);
  Hooks().on_page_fault = [this](const upcall::PageFault& fault) {
    faults_.push_back(fault);
    arch::PowerOff(1);
    return upcall::FaultOutcome::kFailed;
  };
  EXPECT_EQ(RunProgram(program).exit_code, 1);
  ASSERT_EQ(faults_.size(), 1u);
  EXPECT_TRUE(faults_[0].page_present);
  EXPECT_EQ(faults_[0].address, kCode);
}

TEST_F(UserModeTest, ExceptionsNameWhatHappened) {
  std::vector<upcall::UserException> seen;
  Hooks().on_user_exception = [&](upcall::UserException exception, UserRegisters& registers) {
    seen.push_back(exception);
    if (exception != upcall::UserException::kBreakpoint) registers.rip += kInstructionBytes;  // a trap has moved on
  };
  Assembler program;
  program.Undefined();
  program.Breakpoint();
  program.Move(Register::rbx, 0);
  program.Divide(Register::rax, Register::rbx);
  program.Move(Register::rbx, std::uint64_t{1} << 50);
  program.Load8(Register::rax, Register::rbx);
  program.SystemCall(kExit, {5});
  EXPECT_EQ(RunProgram(program).exit_code, 5);
  using enum upcall::UserException;
  EXPECT_EQ(seen, (std::vector<upcall::UserException>{kInvalidOpcode, kBreakpoint, kDivideError, kGeneralProtection}));
}

TEST_F(UserModeTest, TheTimerInterruptsAProgramThatSpins) {
  std::vector<std::int64_t> ticks;
  Hooks().on_timer = [&] {
    ticks.push_back(arch::Now().value);
    arch::SetTimer(arch::Now() + Nanos{100});
  };
  Assembler program;
  program.Spin(1000);
  program.SystemCall(kExit, {0});
  port::DisableInterrupts();
  arch::SetTimer(Nanos{100});
  EXPECT_EQ(RunProgram(program).end, Outcome::End::kPoweredOff);
  ASSERT_EQ(ticks.size(), 10u);
  EXPECT_EQ(ticks.front(), 100);
  EXPECT_EQ(ticks.back(), 1000);
  EXPECT_EQ(machine_.user_instructions(), 1u + 1000u + 3u);
  EXPECT_EQ(returns_, 1 + 10);
}

TEST_F(UserModeTest, AProgramThatLoopsForEverEndsTheRun) {
  Assembler program;
  const Label here = program.NewLabel();
  program.Bind(here);
  program.Spin(1u << 20);
  program.Jump(here);
  EXPECT_EQ(RunProgram(program).end, Outcome::End::kTimeLimit);
}

TEST_F(UserModeTest, ForkIsACopyOfTheRegisters) {
  // "fork" makes the child continue at the same place with another result, on the same memory.
  UserRegisters child{};
  Hooks().on_system_call = [&](UserRegisters& registers) {
    if (registers.original_rax == 57) {
      child = registers;
      child.rax = 0;
      registers.rax = 42;
      return;
    }
    calls_.push_back(registers);
    if (calls_.size() == 2) arch::PowerOff(0);
    registers = child;
  };
  Assembler program;
  program.SystemCall(57);
  program.Copy(Register::rdi, Register::rax);
  program.Move(Register::rax, kExit);
  program.SystemCall();
  EXPECT_EQ(RunProgram(program).end, Outcome::End::kPoweredOff);
  ASSERT_EQ(calls_.size(), 2u);
  EXPECT_EQ(calls_[0].rdi, 42u);
  EXPECT_EQ(calls_[1].rdi, 0u);
}

}  // namespace
}  // namespace esc::host
