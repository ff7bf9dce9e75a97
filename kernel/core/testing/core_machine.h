// A fixture for tests of core: a simulated machine with mm and dispatch set up, small user programs, and a system call
// table just large enough to drive them. Not for other layers: each has its own calls.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernel/arch_api/user_registers.h"
#include "kernel/arch_host/assembler.h"
#include "kernel/arch_host/machine.h"
#include "kernel/core/boot_config/boot_config.h"
#include "kernel/core/process.h"
#include "kernel/core/sched_api/descriptor.h"
#include "kernel/core/thread.h"
#include "kernel/core/user_abi.h"

namespace esc::core {

// System calls of the test programs; arguments in rdi, rsi, rdx, the result in rax.
enum class TestCall : std::uint64_t {
  kExit = 1,        // status
  kFork,            // 0 in the child
  kVfork,           // 0 in the child
  kThread,          // stack; 0 in the new thread
  kWait,            // pid (0: any), flags (1: no hang, 2: stopped, 4: continued); status word or -1, see StatusWord
  kYield,
  kGetPid,
  kReport,          // value: appended to CoreTest::reports
  kSleep,           // nanoseconds; 0, or kInterruptedMark
  kPause,           // until a signal's handler has run
  kKill,            // pid, signal
  kSignalAction,    // signal, handler, flags
  kSignalReturn,
  kSignalMask,      // bits
  kExitThread,
  kGetParent,
  kExec,            // the program that the test has left in CoreTest::next_image
  kSetSession,
};
inline constexpr std::uint64_t kInterruptedMark = ~std::uint64_t{3};
inline constexpr std::uint64_t kRestartMark = ~std::uint64_t{511};

// What kWait answers: pid << 32 | kind << 16 | code or signal.
constexpr std::uint64_t StatusWord(std::uint64_t pid, ExitStatus::Kind kind, std::uint64_t code) {
  return pid << 32 | static_cast<std::uint64_t>(kind) << 16 | code;
}

class TestAbi final : public UserAbi {
 public:
  Status DeliverSignal(const SignalInfo& info, const SignalAction& action, SignalSet old_mask,
                       arch::UserRegisters& registers) override;
  void FinishInterruptedCall(arch::UserRegisters& registers) override;
  void ThreadExiting(Thread& thread) override;
  void Return(arch::UserRegisters& registers);

  std::vector<SignalInfo> delivered;
  int threads_ended = 0;

 private:
  struct Frame {
    arch::UserRegisters registers;
    SignalSet mask;
  };
  std::map<Tid, std::vector<Frame>> frames_;
};

class CoreTest : public ::testing::Test {
 public:
  static constexpr std::uint64_t kCode = 0x40'0000;
  static constexpr std::uint64_t kData = 0x60'0000;
  static constexpr std::uint64_t kStackTop = 0x80'0000;

  explicit CoreTest(host::MachineOptions options = {});
  ~CoreTest() override;

  // Boots core and runs `body` on the boot stack, then the idle loop, until the machine ends.
  host::Outcome Boot(std::function<void()> body);
  // A program as init; the machine is powered off with its exit status.
  host::Outcome RunProgram(host::Assembler& program);
  // Fresh memory with code, one page of data and a stack.
  static mm::RefPtr<mm::AddressSpace> Load(const std::vector<std::byte>& code);
  static arch::UserRegisters StartRegisters();

  // `rax` = call(arguments...); clobbers what a system call clobbers.
  static void Call(host::Assembler& program, TestCall call, std::initializer_list<std::uint64_t> arguments = {});
  // Reports rax.
  static void ReportResult(host::Assembler& program);

  void UsePlugin(const sched::Descriptor& plugin);

  // A kernel thread that runs `body`; inside Boot. The thread may outlive neither the fixture nor the machine.
  mm::RefPtr<Thread> Spawn(std::function<void()> body, const sched::Parameters& parameters = {});
  // Lets virtual time pass in kernel code, as work would.
  static void Work(Nanos duration) { host::Machine::Current().Advance(duration); }

  void OnSystemCall(arch::UserRegisters& registers);

  std::vector<std::uint64_t> reports;
  // Takes kReport over when set.
  std::function<std::uint64_t(arch::UserRegisters&)> on_report;
  std::vector<std::byte> next_image;
  TestAbi abi;
  boot_config::BootConfig config;
  host::Machine machine;
  static CoreTest* current;

 private:
  std::vector<std::unique_ptr<std::function<void()>>> bodies_;
  std::uint64_t Handle(TestCall call, arch::UserRegisters& registers);
};

// A status word's parts.
inline std::uint64_t PidOf(std::uint64_t word) { return word >> 32; }

}  // namespace esc::core
