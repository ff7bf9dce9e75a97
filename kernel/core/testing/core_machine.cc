#include "kernel/core/testing/core_machine.h"

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/power.h"
#include "kernel/arch_api/thread.h"
#include "kernel/arch_api/upcalls.h"
#include "kernel/base/log.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/park.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/machine_fixture.h"

namespace esc::upcall {

void KernelMain(const arch::BootInfo&) { Panic("the tests of core boot by CoreTest::Boot"); }
void OnConsoleInput(char) {}
void OnSystemCall(arch::UserRegisters& registers) { core::CoreTest::current->OnSystemCall(registers); }

}  // namespace esc::upcall

namespace esc::core {

using host::Register;

CoreTest* CoreTest::current = nullptr;

namespace {

constexpr arch::Access kReadWrite = arch::Access::kRead | arch::Access::kWrite;

void OnInitExit(const ExitStatus& status) {
  arch::PowerOff(status.kind == ExitStatus::Kind::kExited ? static_cast<std::uint8_t>(status.code) : 100);
}

std::uint64_t Wait(std::uint64_t pid, std::uint64_t flags) {
  WaitSelector selector;
  if (pid != 0) selector = {WaitSelector::Kind::kPid, Pid{static_cast<std::int32_t>(pid)}};
  WaitOptions options;
  options.no_hang = (flags & 1) != 0;
  options.stopped = (flags & 2) != 0;
  options.continued = (flags & 4) != 0;
  const Result<WaitResult> result = WaitForChild(selector, options);
  if (result.status() == Status::kRestart) return kRestartMark;
  if (!result.ok()) return ~std::uint64_t{0};
  const ExitStatus& status = result->status;
  const auto code = status.kind == ExitStatus::Kind::kExited ? static_cast<std::uint64_t>(status.code)
                                                             : static_cast<std::uint64_t>(status.signal);
  return result->pid.value == 0 ? 0 : StatusWord(static_cast<std::uint64_t>(result->pid.value), status.kind, code);
}

std::uint64_t Fork(CloneOptions options, const arch::UserRegisters& registers) {
  const Result<Tid> child = Clone(options, registers);
  return child.ok() ? static_cast<std::uint64_t>(child->value) : ~std::uint64_t{0};
}

}  // namespace

Status TestAbi::DeliverSignal(const SignalInfo& info, const SignalAction& action, SignalSet old_mask,
                              arch::UserRegisters& registers) {
  if (registers.original_rax != arch::kNoSystemCall && registers.rax == kRestartMark) registers.rax = kInterruptedMark;
  registers.original_rax = arch::kNoSystemCall;
  frames_[CurrentThread().tid()].push_back({registers, old_mask});
  delivered.push_back(info);
  registers.rip = action.handler;
  registers.rdi = static_cast<std::uint64_t>(info.signal);
  return Status::kOk;
}

void TestAbi::FinishInterruptedCall(arch::UserRegisters& registers) {
  if (registers.original_rax == arch::kNoSystemCall || registers.rax != kRestartMark) return;
  registers.rax = registers.original_rax;
  registers.rip -= host::kInstructionBytes;
  registers.original_rax = arch::kNoSystemCall;
}

void TestAbi::ThreadExiting(Thread&) { ++threads_ended; }

void TestAbi::Return(arch::UserRegisters& registers) {
  std::vector<Frame>& frames = frames_[CurrentThread().tid()];
  ASSERT_FALSE(frames.empty());
  registers = frames.back().registers;
  SetSignalMask(frames.back().mask);
  frames.pop_back();
}

CoreTest::CoreTest(host::MachineOptions options) : machine(std::move(options)) { current = this; }

CoreTest::~CoreTest() {
  mm::FailAllocationsAfter(~std::uint64_t{0});
  bodies_.clear();  // they may hold the last references to threads
  mm::ResetMemoryForTest();
  current = nullptr;
}

host::Outcome CoreTest::Boot(std::function<void()> body) {
  return machine.Run([this, body = std::move(body)] {
    ASSERT_EQ(mm::InitFrames(machine.boot_info(), 0, 0), Status::kOk);
    ASSERT_EQ(InitDispatch(config), Status::kOk);
    SetUserAbi(abi);
    SetInitExitHook(&OnInitExit);
    body();
    RunIdle();
  });
}

mm::RefPtr<mm::AddressSpace> CoreTest::Load(const std::vector<std::byte>& code) {
  mm::RefPtr<mm::AddressSpace> space = mm::AddressSpace::Create().value();
  const auto map = [&](std::uint64_t at, std::uint64_t bytes) {
    EXPECT_TRUE(space->Map(VirtAddr{at}, bytes, mm::Placement::kFixed, {.access = kReadWrite | arch::Access::kExecute}).ok());
  };
  map(kCode, code.size());
  map(kData, kPageSize);
  map(kStackTop - 4 * kPageSize, 4 * kPageSize);
  EXPECT_EQ(space->Write(VirtAddr{kCode}, code.data(), code.size()), Status::kOk);
  return space;
}

arch::UserRegisters CoreTest::StartRegisters() {
  return arch::InitialUserRegisters(VirtAddr{kCode}, VirtAddr{kStackTop});
}

host::Outcome CoreTest::RunProgram(host::Assembler& program) {
  const std::vector<std::byte> code = program.Finish();
  return Boot([&] {
    const Result<Pid> init =
        StartInit(Load(code), DescriptorTable::Create().value(), nullptr, ProgramInfo{}, StartRegisters());
    ASSERT_TRUE(init.ok());
    EXPECT_EQ(init->value, 1);
  });
}

void CoreTest::Call(host::Assembler& program, TestCall call, std::initializer_list<std::uint64_t> arguments) {
  program.SystemCall(static_cast<std::uint64_t>(call), arguments);
}

void CoreTest::ReportResult(host::Assembler& program) {
  program.Copy(Register::rdi, Register::rax);
  program.Move(Register::rax, static_cast<std::uint64_t>(TestCall::kReport));
  program.SystemCall();
}

void CoreTest::UsePlugin(const sched::Descriptor& plugin) {
  boot_config::Partition& partition = config.partitions[0];
  partition.name = "main";
  partition.cpus = CpuSet::All();
  partition.layers[0].plugin = &plugin;
  partition.layer_count = 1;
  config.partition_count = 1;
}

mm::RefPtr<Thread> CoreTest::Spawn(std::function<void()> body, const sched::Parameters& parameters) {
  bodies_.push_back(std::make_unique<std::function<void()>>(std::move(body)));
  const auto entry = [](void* argument) { (*static_cast<std::function<void()>*>(argument))(); };
  return StartKernelThread("test", entry, bodies_.back().get(), parameters).value();
}

std::uint64_t CoreTest::Handle(TestCall call, arch::UserRegisters& registers) {
  Process& process = CurrentProcess();
  switch (call) {
    case TestCall::kExit: ExitProcess({ExitStatus::Kind::kExited, static_cast<std::int32_t>(registers.rdi)});
    case TestCall::kFork: return Fork({}, registers);
    case TestCall::kVfork: return Fork({.share_memory = true, .suspend_parent = true}, registers);
    case TestCall::kThread:
      return Fork({.share_memory = true, .share_descriptors = true, .same_process = true,
                   .stack = VirtAddr{registers.rdi}}, registers);
    case TestCall::kWait: return Wait(registers.rdi, registers.rsi);
    case TestCall::kYield: Yield(); return 0;
    case TestCall::kGetPid: return static_cast<std::uint64_t>(process.pid().value);
    case TestCall::kReport:
      if (on_report) return on_report(registers);
      reports.push_back(registers.rdi);
      return registers.rdi;
    case TestCall::kSleep: {
      const Nanos until = arch::Now() + Nanos{static_cast<std::int64_t>(registers.rdi)};
      return Ok(SleepUntil(until, Interruptible::kYes)) ? 0 : kInterruptedMark;
    }
    case TestCall::kPause:
      while (Ok(Park(Interruptible::kYes))) {
      }
      return kRestartMark;
    case TestCall::kKill: {
      const mm::RefPtr<Process> target = FindProcess(Pid{static_cast<std::int32_t>(registers.rdi)});
      SignalInfo info;
      info.signal = static_cast<Signal>(registers.rsi);
      info.sender = process.pid();
      return target && Ok(SendSignal(*target, info)) ? 0 : ~std::uint64_t{0};
    }
    case TestCall::kSignalAction: {
      SpinLockGuard guard(process.lock);
      SignalAction& action = process.actions[registers.rdi];
      action.handler = registers.rsi;
      action.flags = registers.rdx;
      return 0;
    }
    case TestCall::kSignalReturn: abi.Return(registers); return registers.rax;
    case TestCall::kSignalMask: SetSignalMask(SignalSet(registers.rdi)); return 0;
    case TestCall::kExitThread: ExitThread();
    case TestCall::kGetParent:
      return process.parent != nullptr ? static_cast<std::uint64_t>(process.parent->pid().value) : 0;
    case TestCall::kExec:
      if (!Ok(ReplaceImage(Load(next_image), ProgramInfo{}))) return kRestartMark;
      registers = StartRegisters();
      return 0;
    case TestCall::kSetSession: {
      const Result<Pid> session = StartSession();
      return session.ok() ? static_cast<std::uint64_t>(session->value) : ~std::uint64_t{0};
    }
  }
  ADD_FAILURE() << "unknown test call " << static_cast<std::uint64_t>(call);
  return ~std::uint64_t{0};
}

void CoreTest::OnSystemCall(arch::UserRegisters& registers) {
  registers.rax = Handle(static_cast<TestCall>(registers.original_rax), registers);
}

}  // namespace esc::core
