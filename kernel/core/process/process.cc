#include "kernel/core/process.h"

#include <utility>

#include "kernel/base/port.h"
#include "kernel/core/dispatch/per_cpu.h"
#include "kernel/core/dispatch/switch.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/thread.h"

namespace esc::core {

Process::~Process() { ESC_CHECK(!linked_); }

bool Process::InSupplementaryGroup(std::uint32_t gid) {
  SpinLockGuard guard(lock);
  for (std::uint32_t i = 0; i < groups.count; ++i) {
    if (groups.ids[i] == gid) return true;
  }
  return false;
}

Accounting& Accounting::operator+=(const Accounting& other) {
  user += other.user;
  system += other.system;
  waiting += other.waiting;
  voluntary_switches += other.voluntary_switches;
  involuntary_switches += other.involuntary_switches;
  minor_faults += other.minor_faults;
  return *this;
}

Thread& CurrentThread() {
  // Off, so that the thread is not moved to another CPU between finding the CPU's block and reading it.
  InterruptGuard interrupts;
  return *ThisPerCpu().current;
}

Process& CurrentProcess() { return CurrentThread().process(); }

Accounting TotalAccounting(Process& process) {
  SpinLockGuard guard(process.lock);
  Accounting total = process.accounting;
  for (Thread& thread : process.threads) {
    ChargeIfRunning(thread);
    total += thread.accounting;
  }
  return total;
}

Accounting ThreadAccounting(Thread& thread) {
  ChargeIfRunning(thread);
  return thread.accounting;
}

}  // namespace esc::core
