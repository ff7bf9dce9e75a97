// kernel/base/port.h for host tests that link no architecture: one CPU, no interrupts to speak of.
#include <cstdio>
#include <cstdlib>

#include "kernel/base/port.h"
#include "kernel/base/spin_lock.h"

namespace esc::port {
namespace {
bool interrupts_enabled = true;
LockTrace lock_trace;
}  // namespace

InterruptState DisableInterrupts() {
  const auto before = static_cast<InterruptState>(interrupts_enabled);
  interrupts_enabled = false;
  return before;
}
void RestoreInterrupts(InterruptState state) { interrupts_enabled = state != InterruptState{0}; }
bool InterruptsEnabled() { return interrupts_enabled; }
void CpuRelax() {}
LockTrace& CurrentLockTrace() { return lock_trace; }
void WriteLog(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }
void Panic(std::string_view message) {
  std::fprintf(stderr, "panic: %.*s\n", static_cast<int>(message.size()), message.data());
  std::abort();
}
void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "check failed: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace esc::port
