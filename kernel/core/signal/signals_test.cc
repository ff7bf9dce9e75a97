// Signals between user programs on the simulated machine.
#include <gtest/gtest.h>

#include <vector>

#include "kernel/arch_host/assembler.h"
#include "kernel/core/process.h"
#include "kernel/core/process/life.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/signal.h"
#include "kernel/core/testing/core_machine.h"

namespace esc::core {
namespace {

using host::Assembler;
using host::Label;
using host::Outcome;
using host::Register;
using Kind = ExitStatus::Kind;

constexpr std::uint64_t kUsr1 = 10;
constexpr std::uint64_t kSegv = 11;
constexpr std::uint64_t kChld = 17;
constexpr std::uint64_t kCont = 18;
constexpr std::uint64_t kStop = 19;
constexpr std::uint64_t kKill = 9;

class SignalsTest : public CoreTest {
 protected:
  void Run(Assembler& program) {
    const Outcome outcome = RunProgram(program);
    EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message << machine.console();
    EXPECT_EQ(outcome.exit_code, 0);
  }
  // A handler that reports 1000 + the signal and returns.
  static void DefineHandler(Assembler& program, Label handler) {
    program.Bind(handler);
    program.Add(Register::rdi, 1000);
    program.Move(Register::rax, static_cast<std::uint64_t>(TestCall::kReport));
    program.SystemCall();
    Call(program, TestCall::kSignalReturn);
  }
  static void Catch(Assembler& program, std::uint64_t signal, Label handler, std::uint64_t flags = 0) {
    program.LoadAddress(Register::rsi, handler);
    program.Move(Register::rdi, signal);
    program.Move(Register::rdx, flags);
    program.Move(Register::rax, static_cast<std::uint64_t>(TestCall::kSignalAction));
    program.SystemCall();
  }
  // Sends `signal` to the pid in rbx.
  static void KillRbx(Assembler& program, std::uint64_t signal) {
    program.Copy(Register::rdi, Register::rbx);
    program.Move(Register::rsi, signal);
    program.Move(Register::rax, static_cast<std::uint64_t>(TestCall::kKill));
    program.SystemCall();
  }
};

TEST_F(SignalsTest, AHandlerRunsAndTheProgramGoesOnWhereItWas) {
  Assembler program(kCode);
  const Label handler = program.NewLabel();
  Catch(program, kUsr1, handler);
  program.Move(Register::rbx, 1);
  program.Move(Register::r12, 77);
  KillRbx(program, kUsr1);
  ReportResult(program);  // kill's own result, after the handler
  program.Copy(Register::rax, Register::r12);
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  DefineHandler(program, handler);
  Run(program);
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{1000 + kUsr1, 0, 77}));
}

TEST_F(SignalsTest, ASleepEndsWhenASignalComesAndAnIgnoredOneDoesNotDisturbIt) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  const Label handler = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  program.Copy(Register::rbx, Register::rax);
  Call(program, TestCall::kSleep, {1000});
  KillRbx(program, kChld);  // ignored by default
  Call(program, TestCall::kSleep, {1000});
  KillRbx(program, kUsr1);
  Call(program, TestCall::kWait, {0, 0});
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Catch(program, kUsr1, handler);
  Call(program, TestCall::kSleep, {1'000'000});
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  DefineHandler(program, handler);
  Run(program);
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{1000 + kUsr1, kInterruptedMark}));
  EXPECT_LT(machine.now(), Nanos::Millis(1));
}

TEST_F(SignalsTest, ABlockedSignalWaitsForTheMask) {
  Assembler program(kCode);
  const Label handler = program.NewLabel();
  Catch(program, kUsr1, handler);
  Call(program, TestCall::kSignalMask, {std::uint64_t{1} << (kUsr1 - 1)});
  program.Move(Register::rbx, 1);
  KillRbx(program, kUsr1);
  Call(program, TestCall::kReport, {1});
  Call(program, TestCall::kSignalMask, {0});
  Call(program, TestCall::kReport, {2});
  Call(program, TestCall::kExit, {0});
  DefineHandler(program, handler);
  Run(program);
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{1, 1000 + kUsr1, 2}));
}

TEST_F(SignalsTest, TheDefaultActionOfAFaultCanBeReplacedAndTellsTheAddress) {
  Assembler program(kCode);
  const Label handler = program.NewLabel();
  Catch(program, kSegv, handler);
  program.Move(Register::rbx, 0x1234'5000);
  program.Store64(Register::rbx, 8, Register::rbx);
  program.Bind(handler);  // never returns
  Call(program, TestCall::kExit, {0});
  Run(program);
  ASSERT_EQ(abi.delivered.size(), 1u);
  EXPECT_EQ(abi.delivered[0].address, 0x1234'5008u);
  EXPECT_EQ(abi.delivered[0].code, 1);  // SEGV_MAPERR
}

TEST_F(SignalsTest, KillEndsAProcessThatBlocksEverythingAndComputes) {
  config.time_slice = Nanos::Micros(5);
  Assembler program(kCode);
  const Label child = program.NewLabel();
  const Label loop = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  program.Copy(Register::rbx, Register::rax);
  Call(program, TestCall::kSleep, {50'000});
  KillRbx(program, kKill);
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kSignalMask, {~std::uint64_t{0}});
  program.Bind(loop);
  program.Spin(100);
  program.Jump(loop);
  Run(program);
  EXPECT_EQ(reports, std::vector<std::uint64_t>{StatusWord(2, Kind::kSignaled, kKill)});
}

TEST_F(SignalsTest, InitCannotBeKilled) {
  Assembler program(kCode);
  program.Move(Register::rbx, 1);
  KillRbx(program, kKill);
  KillRbx(program, 15);
  KillRbx(program, kStop);
  Call(program, TestCall::kReport, {1});
  Call(program, TestCall::kExit, {0});
  Run(program);
  EXPECT_EQ(reports, std::vector<std::uint64_t>{1});
}

TEST_F(SignalsTest, AStoppedChildIsReportedContinuedAndEnds) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  program.Copy(Register::rbx, Register::rax);
  KillRbx(program, kStop);
  Call(program, TestCall::kWait, {0, 2});
  ReportResult(program);
  Call(program, TestCall::kWait, {0, 1 | 2});  // told once
  ReportResult(program);
  Call(program, TestCall::kSleep, {100'000});
  Call(program, TestCall::kReport, {5});  // the child has said nothing yet
  KillRbx(program, kCont);
  Call(program, TestCall::kWait, {0, 4});
  ReportResult(program);
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kSleep, {10'000});
  Call(program, TestCall::kReport, {6});
  Call(program, TestCall::kExit, {0});
  Run(program);
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{StatusWord(2, Kind::kStopped, kStop), 0, 5,
                                                 StatusWord(2, Kind::kContinued, kCont), 6,
                                                 StatusWord(2, Kind::kExited, 0)}));
}

TEST_F(SignalsTest, AStoppedProcessCanBeKilled) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  program.Copy(Register::rbx, Register::rax);
  KillRbx(program, kStop);
  Call(program, TestCall::kWait, {0, 2});
  KillRbx(program, kKill);
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kPause);
  Run(program);
  EXPECT_EQ(reports, std::vector<std::uint64_t>{StatusWord(2, Kind::kSignaled, kKill)});
}

TEST_F(SignalsTest, AParentThatHandlesSigchldIsToldOfTheChildsStatus) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  const Label handler = program.NewLabel();
  Catch(program, kChld, handler);
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kSleep, {100'000});
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kExit, {4});
  DefineHandler(program, handler);
  Run(program);
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{1000 + kChld, StatusWord(2, Kind::kExited, 4)}));
  ASSERT_EQ(abi.delivered.size(), 1u);
  EXPECT_EQ(abi.delivered[0].code, 1);  // CLD_EXITED
  EXPECT_EQ(abi.delivered[0].status, 4);
  EXPECT_EQ(abi.delivered[0].sender, Pid{2});
}

TEST_F(SignalsTest, ChildrenOfAParentThatIgnoresSigchldLeaveNoZombie) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  Call(program, TestCall::kSignalAction, {kChld, kIgnoreHandler, 0});
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kWait, {0, 0});  // until it is gone, then no child
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kSleep, {1000});
  Call(program, TestCall::kExit, {4});
  Run(program);
  EXPECT_EQ(reports, std::vector<std::uint64_t>{~std::uint64_t{0}});
}

TEST_F(SignalsTest, AHandlerWithResetHandlerRunsOnce) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  const Label handler = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Catch(program, kUsr1, handler, kResetHandler);
  program.Move(Register::rbx, 2);
  KillRbx(program, kUsr1);
  KillRbx(program, kUsr1);
  Call(program, TestCall::kExit, {0});
  DefineHandler(program, handler);
  Run(program);
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{1000 + kUsr1, StatusWord(2, Kind::kSignaled, kUsr1)}));
}

TEST_F(SignalsTest, AWaitIsRestartedAfterASignalWithoutHandler) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  const Label grandchild = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  program.Copy(Register::rbx, Register::rax);
  Call(program, TestCall::kSleep, {1'000});
  KillRbx(program, kStop);
  Call(program, TestCall::kSleep, {1'000});
  KillRbx(program, kCont);
  Call(program, TestCall::kWait, {0, 0});
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, grandchild);
  Call(program, TestCall::kWait, {0, 0});  // interrupted by the stop, then started again
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  program.Bind(grandchild);
  Call(program, TestCall::kSleep, {10'000});
  Call(program, TestCall::kExit, {8});
  Run(program);
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{StatusWord(3, Kind::kExited, 8), StatusWord(2, Kind::kExited, 0)}));
}

// A signal of the process wakes one thread that does not block it; if that one blocks it before it has taken it, another
// one is to.
TEST_F(SignalsTest, ASignalOfTheProcessIsPassedOnWhenTheChosenThreadBlocksIt) {
  Assembler program(kCode);
  const Label handler = program.NewLabel();
  const Label thread = program.NewLabel();
  Catch(program, kUsr1, handler);
  Call(program, TestCall::kThread, {kStackTop - 2 * kPageSize});
  program.JumpIfZero(Register::rax, thread);
  Call(program, TestCall::kSleep, {1'000});  // the other one pauses by then
  Call(program, TestCall::kReport, {0});
  Call(program, TestCall::kSleep, {1'000'000});
  Call(program, TestCall::kExit, {1});
  program.Bind(thread);
  Call(program, TestCall::kPause);
  Call(program, TestCall::kExit, {0});
  DefineHandler(program, handler);
  std::vector<std::uint64_t> handled;
  on_report = [&](arch::UserRegisters& registers) {
    if (registers.rdi != 0) {
      handled.push_back(static_cast<std::uint64_t>(CurrentThread().tid().value));
      return std::uint64_t{0};
    }
    SignalInfo info;
    info.signal = Signal::kUser1;
    EXPECT_EQ(SendSignal(CurrentProcess(), info), Status::kOk);
    SetSignalMask(SignalSet(std::uint64_t{1} << (kUsr1 - 1)));
    return std::uint64_t{0};
  };
  Run(program);
  EXPECT_EQ(handled, std::vector<std::uint64_t>{2});
}

// A stop that a continuation has overtaken between the two locks is no news, nor the other way round.
TEST_F(SignalsTest, OnlyTheLatestOfAStopAndAContinuationIsReported) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  program.Copy(Register::rbx, Register::rax);
  Call(program, TestCall::kReport, {0});
  KillRbx(program, kKill);
  Call(program, TestCall::kWait, {0, 0});
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kPause);
  on_report = [&](arch::UserRegisters& registers) {
    const mm::RefPtr<Process> process = FindProcess(Pid{static_cast<std::int32_t>(registers.rbx)});
    SpinLockGuard guard(process_table_lock);
    ReportChange(*process, Kind::kStopped, Signal::kStop);
    EXPECT_TRUE(process->wait_reported);
    process->stop_requested.store(true);
    ReportChange(*process, Kind::kContinued, Signal::kContinue);
    EXPECT_TRUE(process->wait_reported);
    ReportChange(*process, Kind::kStopped, Signal::kStop);
    EXPECT_FALSE(process->wait_reported);
    process->stop_requested.store(false);
    return std::uint64_t{0};
  };
  Run(program);
}

}  // namespace
}  // namespace esc::core
