// What core keeps for each CPU, reached through arch::CpuLocal().
//
// Locking: `current`, the slice and the queues by the lock of the CPU's domain; the rest belongs to its own CPU with
// interrupts off, but for the atomics. Core's own.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kernel/arch_api/cpu.h"
#include "kernel/base/units.h"
#include "kernel/core/boot_config/boot_config.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/dispatch/run_queue_slot.h"
#include "kernel/core/time/timer_queue.h"

namespace esc::core {

struct PerCpu {
  CpuId id{};
  bool online = false;
  Thread* current = nullptr;
  Thread* idle = nullptr;
  Thread* previous = nullptr;  // switched away from, until FinishSwitch
  // Set by any CPU that knows of a better thread; acted upon before the next return from an interrupt or to user mode.
  std::atomic<bool> need_reschedule{false};
  bool slice_expired = false;  // why, if it was the slice
  // CPU time of `current` that the last timer interrupt charged as user time: moved to system time when it turns out
  // that kernel code was interrupted.
  Nanos sampled{};

  Nanos armed = Nanos::Max();        // what arch::SetTimer was last told
  Nanos slice_end = Nanos::Max();
  Nanos next_tick = Nanos::Max();    // without a periodic tick: when to look who starves beside an endless turn
  Nanos plugin_timer = Nanos::Max(); // the earliest NextTimer of the CPU's queues
  Nanos plugin_timer_not_before{};   // that long after the last one
  Nanos idle_since{};

  DispatchDomain* domain = nullptr;
  Partition* partition = nullptr;
  std::array<RunQueueSlot*, boot_config::kMaxLayers> slots{};  // the most urgent layer first
  std::size_t slot_count = 0;
  bool has_plugin_timers = false;  // whether a plugin of the slots has: else none is asked, at each switch
  bool has_starvation_bounds = false;  // whether a plugin of the slots states one

  mm::AddressSpace* active_space = nullptr;  // whose root is loaded; nullptr: the kernel's
  TimerQueue timers;
  DispatchStats stats;
};

// Interrupts off.
inline PerCpu& ThisPerCpu() { return *static_cast<PerCpu*>(arch::CpuLocal()); }
PerCpu& PerCpuOf(CpuId cpu);
// Whether core has taken over this CPU (a panic may come before).
bool CoreIsUp();
// Makes core's block of the CPU that executes. Interrupts off.
PerCpu& InitPerCpu(CpuId id);

// Arms the CPU's timer for whatever of it is due first, if it is armed for something later. On its own CPU,
// interrupts off.
void ArmTimer(PerCpu& cpu);

}  // namespace esc::core
