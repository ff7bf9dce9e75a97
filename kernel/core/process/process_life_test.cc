// fork, exec, exit and wait, driven by user programs on the simulated machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "kernel/arch_host/assembler.h"
#include "kernel/core/process.h"
#include "kernel/core/testing/core_machine.h"

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

}  // namespace
}  // namespace esc::core
