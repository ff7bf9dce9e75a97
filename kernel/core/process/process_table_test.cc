#include "kernel/core/process/process_table.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernel/arch_host/assembler.h"
#include "kernel/core/testing/core_machine.h"

namespace esc::core {
namespace {

using host::Assembler;
using host::Label;
using host::Outcome;
using host::Register;

class ProcessTableTest : public CoreTest {
 protected:
  void InKernel(std::function<void()> body) {
    const Outcome outcome = Boot([&] {
      Spawn([&] {
        body();
        machine.End(Outcome::End::kPoweredOff, 0, "done");
      });
    });
    EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  }
  static mm::RefPtr<Process> NewLinked(Process& parent, Pid group = {}, Pid session = {}) {
    NewId id = ProcessTable::AllocateId(ProcessTable::For::kProcess).value();
    mm::RefPtr<Process> process = ProcessTable::NewProcess(id).value();
    const Pid pid = id.id();
    SpinLockGuard guard(process_table_lock);
    ProcessTable::Link(*process, std::move(id), parent, group.value == 0 ? pid : group,
                       session.value == 0 ? pid : session);
    return process;
  }
  static void Bury(Process& process) {
    mm::RefPtr<Process> reference;
    SpinLockGuard guard(process_table_lock);
    ProcessTable::SetState(process, State::kZombie);
    reference = ProcessTable::Unlink(process);
  }
};

TEST_F(ProcessTableTest, AProcessIsFoundByItsNumberUntilItIsUnlinked) {
  InKernel([&] {
    const auto process = NewLinked(ProcessTable::Kernel());
    const Pid pid = process->pid();
    EXPECT_EQ(FindProcess(pid).get(), process.get());
    EXPECT_EQ(UpdateProcess(pid, [](Process&) { return Status::kBusy; }), Status::kBusy);
    Bury(*process);
    EXPECT_EQ(FindProcess(pid).get(), nullptr);
    EXPECT_EQ(UpdateProcess(pid, [](Process&) { return Status::kOk; }), Status::kNoSuchProcess);
    EXPECT_EQ(FindProcess(Pid{-1}).get(), nullptr);
    EXPECT_EQ(FindProcess(Pid{70'000}).get(), nullptr);
    EXPECT_EQ(FindProcess(Pid{0}).get(), &ProcessTable::Kernel());
  });
}

TEST_F(ProcessTableTest, ANumberIsNotReusedWhileAGroupOrSessionHasIt) {
  InKernel([&] {
    const auto leader = NewLinked(ProcessTable::Kernel());
    const Pid pid = leader->pid();
    const auto member = NewLinked(ProcessTable::Kernel(), pid, pid);
    Bury(*leader);
    // Once around all numbers: none of them is the group's.
    for (int i = 0; i < 65'600; ++i) {
      const NewId id = ProcessTable::AllocateId(ProcessTable::For::kThread).value();
      ASSERT_NE(id.id(), pid);
    }
    Bury(*member);
    bool seen = false;
    for (int i = 0; i < 65'600 && !seen; ++i) {
      seen = ProcessTable::AllocateId(ProcessTable::For::kThread).value().id() == pid;
    }
    EXPECT_TRUE(seen);
  });
}

TEST_F(ProcessTableTest, TheLimitOfProcessesHoldsAndRefusalCostsNothing) {
  config.max_processes = 3;
  InKernel([&] {
    std::vector<mm::RefPtr<Process>> processes;
    for (int i = 0; i < 3; ++i) processes.push_back(NewLinked(ProcessTable::Kernel()));
    EXPECT_EQ(ProcessTable::AllocateId(ProcessTable::For::kProcess).status(), Status::kWouldBlock);
    EXPECT_EQ(CountProcesses(), 3u);
    EXPECT_TRUE(ProcessTable::AllocateId(ProcessTable::For::kThread).ok());
    Bury(*processes[1]);
    EXPECT_EQ(CountProcesses(), 2u);
    EXPECT_TRUE(ProcessTable::AllocateId(ProcessTable::For::kProcess).ok());
    EXPECT_EQ(CountProcesses(), 2u);
    Bury(*processes[0]);
    Bury(*processes[2]);
  });
}

TEST_F(ProcessTableTest, ForEachProcessVisitsInOrderWhatIsThere) {
  InKernel([&] {
    std::vector<mm::RefPtr<Process>> processes;
    for (int i = 0; i < 5; ++i) processes.push_back(NewLinked(ProcessTable::Kernel()));
    Bury(*processes[2]);
    std::vector<Pid> seen;
    ForEachProcess([&](Process& process) { seen.push_back(process.pid()); });
    EXPECT_EQ(seen, (std::vector<Pid>{processes[0]->pid(), processes[1]->pid(), processes[3]->pid(), processes[4]->pid()}));
    for (const int i : {0, 1, 3, 4}) Bury(*processes[i]);
  });
}

TEST_F(ProcessTableTest, ASessionIsStartedOnceByWhoLeadsNoGroup) {
  Assembler program(kCode);
  const Label child = program.NewLabel();
  Call(program, TestCall::kSetSession);  // init leads its group
  ReportResult(program);
  Call(program, TestCall::kFork);
  program.JumpIfZero(Register::rax, child);
  Call(program, TestCall::kWait, {0, 0});
  Call(program, TestCall::kExit, {0});
  program.Bind(child);
  Call(program, TestCall::kSetSession);
  ReportResult(program);
  Call(program, TestCall::kSetSession);
  ReportResult(program);
  Call(program, TestCall::kExit, {0});
  const Outcome outcome = RunProgram(program);
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{~std::uint64_t{0}, 2, ~std::uint64_t{0}}));
}

}  // namespace
}  // namespace esc::core
