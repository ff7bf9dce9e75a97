// Signals, restarted calls and futexes from the program's side.
#include <cerrno>

#include "kernel/linux_abi/abi_machine.h"

namespace esc::linux_abi {
namespace {

using host::Label;
using host::Register;

constexpr std::uint64_t kData = TestProgram::kData, kStack = kData + 0x3000;
constexpr std::uint64_t kRead = 0, kWrite = 1, kRtSigAction = 13, kRtSigProcMask = 14, kRtSigReturn = 15, kPipe = 22,
                        kPause = 34, kNanosleep = 35, kSetITimer = 38, kClone = 56, kFork = 57, kExit = 60, kWait4 = 61,
                        kKill = 62, kRtSigSuspend = 130, kFutex = 202;
constexpr std::uint64_t kUser1 = 10, kAlarm = 14, kRestart = 0x10000000, kRestorer = 0x04000000;

// Installs a handler that counts at kData + 0x800 and returns.
class SignalProgram : public TestProgram {
 public:
  static constexpr std::uint64_t kCount = kData + 0x800;
  void Handle(std::uint64_t signal, std::uint64_t flags) {
    const Label over = NewLabel(), handler = NewLabel(), restorer = NewLabel();
    Jump(over);
    Bind(handler);
    Move(Register::rbx, kCount);
    Load64(Register::rcx, Register::rbx);
    Add(Register::rcx, 1);
    Store64(Register::rbx, 0, Register::rcx);
    SetFpu(0, Register::rcx);  // spoils what it interrupted
    Return();
    Bind(restorer);
    SystemCall(kRtSigReturn);
    Bind(over);
    Put64(kData + 0x900, kCode + OffsetOf(handler));
    Put64(kData + 0x908, flags | kRestorer);
    Put64(kData + 0x910, kCode + OffsetOf(restorer));
    Put64(kData + 0x918, 0);
    ExpectCall(0, kRtSigAction, {signal, kData + 0x900, 0, 8});
  }
  // SIGALRM in `us` microseconds, once.
  void AlarmIn(std::uint64_t us) {
    for (int i = 0; i < 3; ++i) Put64(kData + 0xa00 + static_cast<std::uint64_t>(i) * 8, 0);
    Put64(kData + 0xa18, us);
    ExpectCall(0, kSetITimer, {0, kData + 0xa00, 0});
  }
  void ExpectHandled(std::uint64_t times) { Expect64(kCount, times); }
};

using Signals = AbiTest;

TEST_F(Signals, AHandlerRunsAndGivesBackAllRegisters) {
  SignalProgram program;
  program.Handle(kUser1, 0);
  program.Move(Register::rbx, 0x1234);
  program.Move(Register::r15, 0x5678);
  program.Move(Register::rcx, 99);
  program.SetFpu(0, Register::rcx);
  program.SystemCall(kKill, {1, kUser1});
  program.ExpectRax(0);
  program.ExpectHandled(1);
  program.Copy(Register::rax, Register::rbx);
  program.ExpectRax(0x1234);
  program.Copy(Register::rax, Register::r15);
  program.ExpectRax(0x5678);
  program.GetFpu(Register::rax, 0);
  program.ExpectRax(99);
  program.Exit(0);
  Expect(program);
}

TEST_F(Signals, AReadIsStartedAgainWhenTheHandlerAsksForIt) {
  SignalProgram program;
  program.Handle(kAlarm, kRestart);
  program.ExpectCall(0, kPipe, {kData});
  const Label child = program.NewLabel();
  program.SystemCall(kFork);
  program.JumpIfZero(Register::rax, child);
  program.AlarmIn(1000);
  program.ExpectCall(1, kRead, {3, kData + 100, 1});
  program.ExpectHandled(1);
  program.Exit(0);
  program.Bind(child);
  program.Put64(kData + 0x100, 0);
  program.Put64(kData + 0x108, 5'000'000);
  program.SystemCall(kNanosleep, {kData + 0x100, 0});
  program.SystemCall(kWrite, {4, kData, 1});
  program.SystemCall(kExit, {0});
  Expect(program);
}

TEST_F(Signals, AReadIsInterruptedOtherwise) {
  SignalProgram program;
  program.Handle(kAlarm, 0);
  program.ExpectCall(0, kPipe, {kData});
  program.AlarmIn(1000);
  program.ExpectCall(-EINTR, kRead, {3, kData + 100, 1});
  program.ExpectHandled(1);
  program.AlarmIn(1000);
  program.ExpectCall(-EINTR, kPause);
  program.ExpectHandled(2);
  program.Exit(0);
  Expect(program);
}

TEST_F(Signals, ASleepIsCutShortEvenWithRestartAndTellsTheRest) {
  SignalProgram program;
  program.Handle(kAlarm, kRestart);
  program.AlarmIn(2000);
  program.Put64(kData, 10);
  program.Put64(kData + 8, 0);
  program.ExpectCall(-EINTR, kNanosleep, {kData, kData + 16});
  program.ExpectHandled(1);
  program.Expect64(kData + 16, 9);
  program.Exit(0);
  Expect(program);
}

TEST_F(Signals, StopAndContinueDoNotShortenASleep) {
  SignalProgram program;
  const Label child = program.NewLabel();
  program.SystemCall(kFork);
  program.JumpIfZero(Register::rax, child);
  program.Copy(Register::r12, Register::rax);
  for (const std::uint64_t signal : {19, 18}) {  // SIGSTOP, SIGCONT
    program.Put64(kData, 0);
    program.Put64(kData + 8, 20'000'000);
    program.ExpectCall(0, kNanosleep, {kData, 0});
    program.Copy(Register::rdi, Register::r12);
    program.Move(Register::rsi, signal);
    program.Move(Register::rax, kKill);
    program.SystemCall();
    program.ExpectRax(0);
  }
  program.SystemCall(kWait4, {~0ull, kData, 0, 0});
  program.Expect32(kData, 0);
  program.Exit(0);
  program.Bind(child);
  program.Put64(kData, 0);
  program.Put64(kData + 8, 50'000'000);
  program.ExpectCall(0, kNanosleep, {kData, 0});
  program.Exit(0);
  Expect(program);
  EXPECT_GE(machine().now(), Nanos::Millis(50));
  EXPECT_LT(machine().now(), Nanos::Millis(60));  // not started anew for its whole length
}

TEST_F(Signals, SuspendSwapsTheMaskAndSwapsItBack) {
  SignalProgram program;
  program.Handle(kAlarm, 0);
  program.Put64(kData, std::uint64_t{1} << (kAlarm - 1));
  program.ExpectCall(0, kRtSigProcMask, {0, kData, 0, 8});
  program.AlarmIn(1000);
  program.Put64(kData + 8, 0);
  program.ExpectCall(-EINTR, kRtSigSuspend, {kData + 8, 8});
  program.ExpectHandled(1);
  program.ExpectCall(0, kRtSigProcMask, {0, 0, kData + 16, 8});
  program.Expect64(kData + 16, std::uint64_t{1} << (kAlarm - 1));
  program.Exit(0);
  Expect(program);
}

TEST_F(Signals, AFrameThatTheProgramBreaksKillsIt) {
  TestProgram program;
  program.Move(Register::rsp, 0x100);
  program.SystemCall(kRtSigReturn);
  program.Exit(1);
  const host::Outcome outcome = Run(program);
  EXPECT_EQ(outcome.exit_code, 128 + 11) << outcome.message;
}

using Futexes = AbiTest;

TEST_F(Futexes, AThreadIsJoinedByItsClearedWord) {
  TestProgram program;
  constexpr std::uint64_t kThread = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x100000 | 0x200000;
  const Label thread = program.NewLabel(), wait = program.NewLabel(), joined = program.NewLabel();
  program.Put32(kData + 4, 1);
  program.SystemCall(kClone, {kThread, kStack, kData, kData + 4, 0});
  program.JumpIfZero(Register::rax, thread);
  program.Copy(Register::rbx, Register::rax);
  program.Move(Register::r9, kData);
  program.Load32(Register::rax, Register::r9);
  program.Subtract(Register::rax, Register::rbx);
  program.ExpectRax(0);  // CLONE_PARENT_SETTID
  program.Bind(wait);
  program.Move(Register::r9, kData + 4);
  program.Load32(Register::rcx, Register::r9);
  program.JumpIfZero(Register::rcx, joined);
  program.SystemCall(kFutex, {kData + 4, 0, 1, 0});
  program.Jump(wait);
  program.Bind(joined);
  program.Expect64(kData + 8, 7);  // what the thread wrote
  program.Exit(0);
  program.Bind(thread);
  program.Put64(kData + 8, 7);
  program.SystemCall(kExit, {0});
  Expect(program);
}

TEST_F(Futexes, WaitsAndTimesOut) {
  TestProgram program;
  program.Put32(kData, 5);
  program.ExpectCall(-EAGAIN, kFutex, {kData, 128, 4, 0});
  program.Put64(kData + 16, 0);
  program.Put64(kData + 24, 1'000'000);
  program.ExpectCall(-ETIMEDOUT, kFutex, {kData, 128, 5, kData + 16});
  program.ExpectCall(-EINVAL, kFutex, {kData + 1, 128, 5, 0});
  program.ExpectCall(-EFAULT, kFutex, {0x100, 0, 5, 0});
  program.ExpectCall(0, kFutex, {kData, 129, 1});
  program.ExpectCall(-ENOSYS, kFutex, {kData, 6, 1, 0});  // FUTEX_LOCK_PI
  program.Exit(0);
  Expect(program);
}

}  // namespace
}  // namespace esc::linux_abi
