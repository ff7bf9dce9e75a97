// What `base` needs from whoever runs it. Base depends on nothing, so these are declared here and defined
// above: by each architecture (kernel/arch_x86_64, kernel/arch_host), or by //kernel/base:host_port for
// host tests that link no architecture.
#pragma once

#include <cstdint>
#include <string_view>

namespace esc {
struct LockTrace;  // kernel/base/spin_lock.h
}

namespace esc::port {

// The interrupt flag as it was; opaque to callers.
enum class InterruptState : std::uint64_t {};

// Disables interrupts on this CPU and returns how they were. Nests: give the value to RestoreInterrupts.
InterruptState DisableInterrupts();
void RestoreInterrupts(InterruptState state);
bool InterruptsEnabled();

// Any state but zero means "on". For a thread's first steps, which have no earlier state to go back to.
inline constexpr InterruptState kInterruptsOn{1};
inline void EnableInterrupts() { RestoreInterrupts(kInterruptsOn); }

// A pause inside a spin loop (SDM vol. 2, PAUSE).
void CpuRelax();

// The locks that this CPU holds now, for the rank checker. Call with interrupts off.
LockTrace& CurrentLockTrace();

// Writes one piece of log text to the console, from any context; must not take a ranked lock or allocate.
void WriteLog(std::string_view text);

// Prints the message and a backtrace and stops the machine. Never returns, never allocates.
[[noreturn]] void Panic(std::string_view message);
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace esc::port
