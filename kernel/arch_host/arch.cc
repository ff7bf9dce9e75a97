// kernel/base/port.h and the small headers of kernel/arch_api on the simulated machine.
#include <cstdio>
#include <cstdlib>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/console.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/power.h"
#include "kernel/arch_api/upcalls.h"
#include "kernel/arch_api/user_clock.h"
#include "kernel/arch_host/machine.h"
#include "kernel/base/format.h"
#include "kernel/base/log.h"
#include "kernel/base/port.h"

namespace esc {

using host::Machine;
using host::Outcome;

namespace port {
namespace {
// For code that runs before the test has made a machine, or after.
bool interrupts_without_machine = true;
LockTrace locks_without_machine;

bool& InterruptFlag() {
  return Machine::Exists() ? Machine::Current().cpu().interrupts_enabled : interrupts_without_machine;
}
// A lock that nobody will ever release, on one CPU: no test wants to wait for it.
constexpr std::uint64_t kRelaxationLimit = 1'000'000;
}  // namespace

InterruptState DisableInterrupts() {
  bool& flag = InterruptFlag();
  const auto before = static_cast<InterruptState>(flag);
  flag = false;
  return before;
}

void RestoreInterrupts(InterruptState state) {
  const bool enable = state != InterruptState{0};
  InterruptFlag() = enable;
  if (enable && Machine::Exists()) Machine::Current().DeliverInterrupts(nullptr);
}

bool InterruptsEnabled() { return InterruptFlag(); }

void CpuRelax() {
  if (!Machine::Exists()) return;
  Machine& machine = Machine::Current();
  if (machine.cpu().interrupts_enabled) {
    machine.cpu().relaxations = 0;
    machine.Advance(machine.options().instruction_time);
    return;
  }
  if (++machine.cpu().relaxations < kRelaxationLimit) return;
  machine.cpu().relaxations = 0;
  Panic("spinning with interrupts off for ever: a lock is taken twice");
}

LockTrace& CurrentLockTrace() {
  return Machine::Exists() ? Machine::Current().cpu().lock_trace : locks_without_machine;
}

void WriteLog(std::string_view text) {
  if (Machine::Exists()) return Machine::Current().WriteConsole(text);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void Panic(std::string_view message) {
  static bool panicking = false;
  if (!Machine::Exists() || panicking) {
    std::fprintf(stderr, "panic: %.*s\n", static_cast<int>(message.size()), message.data());
    std::abort();
  }
  panicking = true;
  Machine& machine = Machine::Current();
  machine.cpu().interrupts_enabled = false;
  machine.WriteConsole("panic: ");
  machine.WriteConsole(message);
  machine.WriteConsole("\n");
  upcall::OnPanic();
  panicking = false;
  machine.End(Outcome::End::kPanicked, 1, message);
}

void CheckFailed(const char* condition, const char* file, int line) {
  FixedText<512> text;  // no heap: this stack is abandoned
  text.Format("check failed: {} at {}:{}", condition, file, line);
  Panic(text.view());
}

}  // namespace port

namespace arch {

CpuId ThisCpu() { return CpuId{0}; }
std::uint32_t CpuCount() { return Machine::Current().options().cpus; }
void* CpuLocal() { return Machine::Current().cpu().local; }
void SetCpuLocal(void* local) { Machine::Current().cpu().local = local; }
void WaitForInterrupt() { Machine::Current().WaitForInterrupt(); }
void SendReschedule(CpuId cpu) {
  if (cpu == ThisCpu() || cpu.value >= CpuCount()) return;
  Machine::Current().cpu().reschedule_pending = true;
}
bool HardwareRandom(std::uint64_t& value) {
  value = Machine::Current().NextRandom();
  return true;
}

Nanos Now() { return Machine::Current().now(); }
UserClock GetUserClock() { return {}; }
Nanos WallClockAtBoot() { return Machine::Current().options().wall_clock_at_boot; }
void SetTimer(Nanos deadline) {
  ESC_CHECK(!port::InterruptsEnabled());
  Machine::Current().cpu().timer = deadline;
}

void ConsoleWrite(std::string_view text) { Machine::Current().WriteConsole(text); }

void PowerOff(std::uint8_t init_status) { Machine::Current().End(Outcome::End::kPoweredOff, init_status, "power off"); }
void PowerOff(FatalEnd end) { Machine::Current().End(Outcome::End::kPoweredOff, static_cast<int>(end), "power off"); }
void Reset() { Machine::Current().End(Outcome::End::kReset, 0, "reset"); }
void Halt() { Machine::Current().End(Outcome::End::kHalted, 0, "halt"); }

}  // namespace arch
}  // namespace esc
