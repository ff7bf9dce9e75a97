// Core's answer to a plugin's decision. Everything but kAccepted is counted a verdict and a plugin
// (/proc/escapement/stats), and never costs memory safety.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace esc::sched {

enum class Verdict : std::uint8_t {
  kAccepted,
  kForeignThread,     // the pointer is no thread of this kernel
  kNotRunnable,       // the thread is blocked, stopped or dead
  kNotQueued,         // the thread is not in the queue that gave it
  kRunningElsewhere,  // it runs on a CPU now
  kWrongCpu,          // its affinity does not allow this CPU
  kLostThreads,       // nothing was picked though the queue holds a thread that may run here
  kWrongCandidate,    // a steal candidate that the queue does not hold or that the thief may not run
  kBadCpu,            // SelectCpu named a CPU outside the allowed set
  kBadSlice,          // a negative time slice
  kBadTimer,          // NextTimer names a time that is not in the future, right after TimerExpired
  kStarvation,        // the watchdog: a ready thread waited longer than the plugin's bound
};
inline constexpr std::size_t kVerdicts = 12;

std::string_view VerdictName(Verdict verdict);

}  // namespace esc::sched
