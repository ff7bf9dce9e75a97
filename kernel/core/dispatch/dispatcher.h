// Dispatch: which thread runs on which CPU. Core's mechanism around the plugins' policy.
//
// One RunQueueSlot a queue (a lock of rank kRunQueue, the plugin's RunQueue object, the built-in first-in-first-out
// queue behind it, and core's own count of what is in it). Every answer of a plugin is verified before it is used
// (sched_api/verdict.h); a breach is counted, logged once a kind, and the built-in queue stands in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/base/format.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/core/boot_config/boot_config.h"
#include "kernel/core/sched_api/verdict.h"
#include "kernel/core/thread.h"

namespace esc::core {

// Builds the run queues that `config` asks for (which must live for ever), the process table and the kernel's own
// process, and adopts the boot stack as the idle thread of this CPU: from here on CurrentThread() answers. Once, after
// InitFrames; kNoMemory.
Status InitDispatch(const boot_config::BootConfig& config);

// The boot stack is the idle thread of this CPU from here on: runs threads for ever. Interrupts off.
[[noreturn]] void RunIdle();

// Gives the CPU to somebody else if anybody is ready; the running thread stays ready.
void Yield();
// Puts a new thread (kCreating) into its run queue.
void MakeReady(Thread& thread);

// Preemption is off for its scope: the running thread stays on this CPU and is not preempted (but interrupts come).
class PreemptionGuard {
 public:
  PreemptionGuard();
  ~PreemptionGuard();
  PreemptionGuard(const PreemptionGuard&) = delete;
  PreemptionGuard& operator=(const PreemptionGuard&) = delete;

 private:
  Thread& thread_;
};

// What the owner asked for: without what the thread inherits while it holds a mutex that others wait for.
sched::Parameters OwnParameters(Thread& thread);
// Changes it; kNotSupported when no layer is capable of it, kNoSuchProcess for a thread that has not started or has ended.
Status SetParameters(Thread& thread, const sched::Parameters& parameters);
// Keeps a niceness that no layer acts on: POSIX has it of a process whatever the scheduler is. No plugin is told.
void KeepNiceness(Thread& thread, std::int8_t nice, std::uint32_t weight);
Status SetAffinity(Thread& thread, CpuSet affinity);

struct DispatchStats {
  std::uint64_t switches = 0;
  std::uint64_t preemptions = 0;   // involuntary
  std::uint64_t yields = 0;
  std::uint64_t wakeups = 0;
  std::uint64_t idle_entries = 0;
  Nanos idle_time{};
  Nanos longest_wait{};            // of a ready thread, so far
  Nanos late_timers{};             // by how much timer interrupts came late: the machine's doing, not a plugin's
  std::array<std::uint64_t, sched::kVerdicts> verdicts{};
};
DispatchStats GetDispatchStats();

// "/proc/escapement/scheduler": the partitions, their plugins with parameters, each queue's length and Dump().
void DescribeScheduler(TextBuffer& text);
// "/proc/escapement/stats": the counters of DispatchStats, verdicts a plugin, illegal state changes.
void DescribeStats(TextBuffer& text);

}  // namespace esc::core
