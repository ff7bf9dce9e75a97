// Creation is all or nothing: memory that runs out at any point of Clone leaves the system as it was.
#include <gtest/gtest.h>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/power.h"
#include "kernel/arch_host/assembler.h"
#include "kernel/core/park.h"
#include "kernel/core/process.h"
#include "kernel/core/testing/core_machine.h"
#include "kernel/core/thread.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/machine_fixture.h"

namespace esc::core {
namespace {

using host::Assembler;
using host::Label;
using host::Outcome;
using host::Register;

struct System {
  mm::MemoryInUse memory;
  std::uint32_t processes = 0;
  std::size_t threads = 0;
  std::size_t children = 0;
  bool operator==(const System&) const = default;
};

System Snapshot() {
  Process& self = CurrentProcess();
  SpinLockGuard guard(self.lock);
  return {mm::CurrentMemoryInUse(), CountProcesses(), self.threads.size(), self.children.size()};
}

class CloneFailureTest : public CoreTest {
 protected:
  // Runs Clone with 0, 1, 2 ... allocations allowed until it succeeds; how often it failed.
  int FailEverywhere(const CloneOptions& options) {
    const arch::UserRegisters registers = CurrentThread().user_registers();
    for (int allowed = 0;; ++allowed) {
      const System before = Snapshot();
      mm::FailAllocationsAfter(static_cast<std::uint64_t>(allowed));
      const Result<Tid> child = Clone(options, registers);
      mm::FailAllocationsAfter(~std::uint64_t{0});
      if (child.ok()) return allowed;
      EXPECT_EQ(child.status(), Status::kNoMemory);
      EXPECT_EQ(Snapshot(), before) << "with " << allowed << " allocations";
    }
  }

  // A program that forks once (so that what is kept for reuse is there), waits, and then calls kReport, at which the
  // test takes over.
  void Run(const CloneOptions& options) {
    Assembler program(kCode);
    const Label child = program.NewLabel();
    program.Move(Register::rbx, kData);
    program.Store64(Register::rbx, 0, Register::rbx);
    for (int i = 0; i < 2; ++i) {
      Call(program, TestCall::kFork);
      program.JumpIfZero(Register::rax, child);
      Call(program, TestCall::kWait, {0, 0});
    }
    Call(program, TestCall::kReport, {0});
    // The child that was made at last.
    program.JumpIfZero(Register::rax, child);
    Call(program, TestCall::kWait, {0, 0});
    Call(program, TestCall::kExit, {0});
    program.Bind(child);
    Call(program, TestCall::kExitThread);
    on_report = [&](arch::UserRegisters& registers) {
      registers.rax = 1;
      failures_ = FailEverywhere(options);
      return std::uint64_t{1};
    };
    const Outcome outcome = RunProgram(program);
    EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  }

  int failures_ = 0;
};

TEST_F(CloneFailureTest, ForkCanFailAtEveryAllocationAndLeavesNothing) {
  Run({});
  EXPECT_GE(failures_, 5);
}

TEST_F(CloneFailureTest, AThreadCanFailAtEveryAllocationAndLeavesNothing) {
  Run({.share_memory = true, .share_descriptors = true, .same_process = true, .stack = VirtAddr{kStackTop - 8192}});
  EXPECT_GE(failures_, 2);
}

TEST_F(CloneFailureTest, AProcessThatSharesAllItCanCanFailAtEveryAllocationAndLeavesNothing) {
  Run({.share_memory = true, .share_descriptors = true, .share_paths = true, .stack = VirtAddr{kStackTop - 8192}});
  EXPECT_GE(failures_, 4);
}

TEST_F(CloneFailureTest, AKernelThreadCanFailAtEveryAllocationAndLeavesNothing) {
  int failures = 0;
  const Outcome outcome = Boot([&] {
    Spawn([&] {
      const auto end = [](void*) {};
      // One before, so that what is kept for reuse is there.
      EXPECT_TRUE(StartKernelThread("first", end, nullptr).ok());
      for (bool made = false; !made;) {
        EXPECT_EQ(SleepUntil(arch::Now() + Nanos{1000}, Interruptible::kNo), Status::kOk);  // it has ended
        const System before = Snapshot();
        mm::FailAllocationsAfter(static_cast<std::uint64_t>(failures));
        made = StartKernelThread("second", end, nullptr).ok();
        mm::FailAllocationsAfter(~std::uint64_t{0});
        if (made) break;
        ++failures;
        EXPECT_EQ(Snapshot(), before) << "with " << failures - 1 << " allocations";
      }
      arch::PowerOff(0);
    });
  });
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_GE(failures, 1);
}

}  // namespace
}  // namespace esc::core
