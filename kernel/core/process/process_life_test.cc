// fork, exec, exit and wait, driven by user programs on the simulated machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "kernel/arch_host/assembler.h"
#include "kernel/core/park.h"
#include "kernel/core/process.h"
#include "kernel/core/testing/core_machine.h"
#include "kernel/core/thread.h"

namespace esc::core {
namespace {

using host::Assembler;
using host::Label;
using host::Outcome;
using host::Register;
using Kind = ExitStatus::Kind;

class ProcessLifeTest : public CoreTest {};

TEST_F(ProcessLifeTest, InitRunsAndItsExitStatusEndsTheMachine) {
  Assembler program(kCode);
  Call(program, TestCall::kGetPid);
  ReportResult(program);
  Call(program, TestCall::kExit, {42});
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(outcome.exit_code, 42);
  EXPECT_EQ(reports, std::vector<std::uint64_t>{1});
}

TEST_F(ProcessLifeTest, ForkCopiesMemoryOnWriteAndWaitTellsTheStatus) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  program.Move(Register::rbx, kData);
  program.Move(Register::rcx, 7);
  program.Store64(Register::rbx, 0, Register::rcx);
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);
  program.Load64(Register::rax, Register::rbx);
  ReportResult(program);  // the child's write is not ours
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);  // and there is no other child
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  program.Load64(Register::rax, Register::rbx);
  ReportResult(program);
  program.Move(Register::rcx, 8);
  program.Store64(Register::rbx, 0, Register::rcx);
  program.Load64(Register::rax, Register::rbx);
  ReportResult(program);
  Call(program, TestCall::kExit, {5});
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{7, 8, StatusWord(2, Kind::kExited, 5), 7, ~std::uint64_t{0}}));
}

TEST_F(ProcessLifeTest, VforkHoldsTheParentUntilTheChildEndsInTheSharedMemory) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  program.Move(Register::rbx, kData);
  Call(program, TestCall::kVfork);
  program.JumpIfZero(Register::rax, child);
  program.Load64(Register::rax, Register::rbx);
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  for (int i = 0; i < 3; ++i) Call(program, TestCall::kYield);
  program.Move(Register::rcx, 99);
  program.Store64(Register::rbx, 0, Register::rcx);
  Call(program, TestCall::kExit, {0});
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(reports, std::vector<std::uint64_t>{99});
}

TEST_F(ProcessLifeTest, ExecReplacesTheImageAndReleasesTheVforkParent) {
  Assembler image(kCode);
  image.Move(Register::rbx, kData);
  image.Load64(Register::rax, Register::rbx);
  ReportResult(image);  // fresh memory
  Call(image, TestCall::kExit, {3});
  next_image = image.Finish();
  Assembler program(kCode);
  const Label child = program.NewLabel();
  program.Move(Register::rbx, kData);
  program.Move(Register::rcx, 7);
  program.Store64(Register::rbx, 0, Register::rcx);
  Call(program, TestCall::kVfork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kExec);
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{0, StatusWord(2, Kind::kExited, 3)}));
}

TEST_F(ProcessLifeTest, OrphansGoToInitWhichReapsThem) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  const Label grandchild = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kWait, {2, 0});
  ReportResult(program);
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, grandchild);
  Call(program, TestCall::kExit, {1});
  program.Bind(grandchild);
  Call(program, TestCall::kSleep, {1'000'000});
  Call(program, TestCall::kGetParent);
  ReportResult(program);
  Call(program, TestCall::kExit, {2});
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{StatusWord(2, Kind::kExited, 1), 1, StatusWord(3, Kind::kExited, 2)}));
}

TEST_F(ProcessLifeTest, ThreadsShareMemoryAndTheLastOneEndsTheProcess) {
  Assembler program(kCode);
  const Label thread = program.NewLabel();
  const Label wait = program.NewLabel();
  program.Move(Register::rbx, kData);
  Call(program, TestCall::kThread, {kStackTop - 2 * kPageSize});
  program.JumpIfZero(Register::rax, thread);
  program.Bind(wait);
  Call(program, TestCall::kYield);
  program.Load64(Register::rax, Register::rbx);
  program.JumpIfZero(Register::rax, wait);
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(thread);
  program.Move(Register::rcx, 5);
  program.Store64(Register::rbx, 0, Register::rcx);
  Call(program, TestCall::kExitThread);
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(reports, std::vector<std::uint64_t>{5});
  EXPECT_EQ(abi.threads_ended, 2);
}

TEST_F(ProcessLifeTest, ExitOfOneThreadEndsThemAll) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  const Label thread = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kThread, {kStackTop - 2 * kPageSize});
  program.JumpIfZero(Register::rax, thread);
  Call(program, TestCall::kPause);
  program.Bind(thread);
  Call(program, TestCall::kExit, {9});
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(reports, std::vector<std::uint64_t>{StatusWord(2, Kind::kExited, 9)});
}

TEST_F(ProcessLifeTest, ABadAccessEndsTheProcessBySignal) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  program.Move(Register::rbx, 0x1234'5000);
  program.Load64(Register::rax, Register::rbx);
  Call(program, TestCall::kExit, {0});
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(reports, std::vector<std::uint64_t>{StatusWord(2, Kind::kSignaled, 11)});
}

TEST_F(ProcessLifeTest, TwoComputingProcessesShareTheProcessorBySlices) {
  config.time_slice = Nanos::Micros(10);
  Assembler program(kCode);
  const Label child = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    program.Spin(10'000);
    Call(program, TestCall::kReport, {i});
  }
  Call(program, TestCall::kWait, {0, 0});
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  for (std::uint64_t i = 11; i <= 13; ++i) {
    program.Spin(10'000);
    Call(program, TestCall::kReport, {i});
  }
  Call(program, TestCall::kExit, {0});
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{1, 11, 2, 12, 3, 13}));
}

Nanos CpuTime(const Accounting& accounting) { return accounting.user + accounting.system; }

// Well within a slice: no timer and no switch has charged anything yet.
TEST_F(ProcessLifeTest, CpuTimeIsAccountedUpToTheMomentAndToTheEnd) {
  constexpr Nanos kWork = Nanos::Millis(3);
  Assembler program(kCode);
  const Label child = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kWait, {0, 0});
  Call(program, TestCall::kReport, {1});
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kReport, {2});
  Call(program, TestCall::kExit, {0});
  int told = 0;
  on_report = [&](arch::UserRegisters& registers) {
    ++told;
    if (registers.rdi == 2) {
      const Nanos before = CpuTime(TotalAccounting(CurrentProcess()));
      Work(kWork);
      EXPECT_GE(CpuTime(TotalAccounting(CurrentProcess())), before + kWork);
      EXPECT_GE(CpuTime(ThreadAccounting(CurrentThread())), kWork);
      Work(kWork);  // and then it exits
    } else {
      const Nanos of_child = CpuTime(GetRelations(CurrentProcess()).children_accounting);
      EXPECT_GE(of_child, kWork * 2);
      EXPECT_LT(of_child, kWork * 2 + Nanos::Millis(1));
    }
    return std::uint64_t{0};
  };
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(told, 2);
}

// Both are in the kernel when the first of them ends all others; each would wait for the other's end.
TEST_F(ProcessLifeTest, OfTwoThreadsThatExecAtOnceOneDoes) {
  Assembler image(kCode);
  Call(image, TestCall::kExit, {7});
  const std::vector<std::byte> code = image.Finish();
  Assembler program(kCode);
  const Label thread = program.NewLabel();
  Call(program, TestCall::kThread, {kStackTop - 2 * kPageSize});
  program.JumpIfZero(Register::rax, thread);
  Call(program, TestCall::kReport, {1'000});
  Call(program, TestCall::kExit, {1});
  program.Bind(thread);
  Call(program, TestCall::kReport, {2'000});
  Call(program, TestCall::kExit, {2});
  std::vector<Status> answers;
  on_report = [&](arch::UserRegisters& registers) {
    EXPECT_EQ(SleepUntil(Nanos::Millis(1) + Nanos{static_cast<std::int64_t>(registers.rdi)}, Interruptible::kNo),
              Status::kOk);
    answers.push_back(ReplaceImage(Load(code), ProgramInfo{}));
    if (Ok(answers.back())) registers = StartRegisters();
    return std::uint64_t{0};
  };
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_EQ(answers, (std::vector<Status>{Status::kRestart, Status::kOk}));
}

// The zombie's own parent would have waited; the one that it comes to has said that it never will.
TEST_F(ProcessLifeTest, AZombieThatComesToAnInitThatDoesNotWaitIsGone) {
  constexpr std::uint64_t kChildSignal = 17;
  Assembler program(kCode);
  const Label child = program.NewLabel();
  const Label grandchild = program.NewLabel();
  Call(program, TestCall::kSignalAction, {kChildSignal, kIgnoreHandler, 0});
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kSleep, {3'000'000});
  Call(program, TestCall::kReport, {0});
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kSignalAction, {kChildSignal, kDefaultHandler, 0});
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, grandchild);
  Call(program, TestCall::kSleep, {1'000'000});
  Call(program, TestCall::kExit, {0});
  program.Bind(grandchild);
  Call(program, TestCall::kExit, {0});
  std::uint32_t left = 0;
  on_report = [&](arch::UserRegisters&) {
    left = CountProcesses();
    return std::uint64_t{0};
  };
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(left, 1u);
}

TEST_F(ProcessLifeTest, ABudgetIsNotInherited) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  Call(program, TestCall::kReport, {1});
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kWait, {0, 0});
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kReport, {2});
  Call(program, TestCall::kExit, {0});
  sched::Parameters of_child;
  on_report = [&](arch::UserRegisters& registers) {
    if (registers.rdi == 2) {
      of_child = CurrentThread().parameters();
    } else {
      // As an admission would leave it.
      CurrentThread().dispatch.base.runtime = Nanos{100};
      CurrentThread().dispatch.base.deadline = CurrentThread().dispatch.base.period = Nanos{1000};
      CurrentThread().dispatch.base.nice = 3;
    }
    return std::uint64_t{0};
  };
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  sched::Parameters expected;
  expected.nice = 3;
  EXPECT_EQ(of_child, expected);
}

TEST_F(ProcessLifeTest, AParentThatWaitsForItsVforkChildCanBeKilled) {
  constexpr std::uint64_t kKill = 9;
  Assembler program(kCode);
  const Label parent = program.NewLabel();
  const Label child = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, parent);
  Call(program, TestCall::kSleep, {1'000'000});
  for (const std::uint64_t pid : {2u, 3u}) {
    Call(program, TestCall::kKill, {pid, kKill});
    Call(program, TestCall::kWait, {pid, 0});
    ReportResult(program);
  }
  Call(program, TestCall::kExit, {0});
  program.Bind(parent);
  Call(program, TestCall::kVfork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kExit, {1});
  program.Bind(child);
  Call(program, TestCall::kPause);
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{StatusWord(2, Kind::kSignaled, kKill),
                                                 StatusWord(3, Kind::kSignaled, kKill)}));
}

}  // namespace
}  // namespace esc::core
