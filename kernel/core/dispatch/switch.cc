#include "kernel/core/dispatch/switch.h"

#include <algorithm>
#include <utility>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/thread.h"
#include "kernel/base/check.h"
#include "kernel/base/log.h"
#include "kernel/base/port.h"
#include "kernel/core/dispatch/boot.h"
#include "kernel/core/dispatch/partition.h"
#include "kernel/core/dispatch/placement.h"
#include "kernel/core/sched_api/thread_access.h"

namespace esc::core {
namespace {

// In all of these the lock of the CPU's domain is held.

Thread* PickNext(PerCpu& cpu, Nanos now) {
  for (std::size_t i = 0; i < cpu.slot_count; ++i) {
    if (Thread* thread = cpu.slots[i]->PickNext(cpu.id, now); thread != nullptr) return thread;
  }
  return nullptr;
}

void UpdatePluginTimer(PerCpu& cpu, Nanos now) {
  if (!cpu.has_plugin_timers) return;
  Nanos next = Nanos::Max();
  for (std::size_t i = 0; i < cpu.slot_count; ++i) next = std::min(next, cpu.slots[i]->NextTimer(now));
  // One that always names the next nanosecond would leave the CPU no time for anything else.
  cpu.plugin_timer = std::max(next, cpu.plugin_timer_not_before);
}

// How often the watchdog looks at who waits for a thread whose turn has no end, where no tick does it.
constexpr Nanos kWatchPeriod = Nanos::Millis(100);

void SetSliceEnd(PerCpu& cpu, Nanos slice, Nanos now) {
  if (slice < Nanos::Max() - now) [[likely]] {
    cpu.slice_end = now + slice;
    return;
  }
  cpu.slice_end = Nanos::Max();
  if (cpu.has_starvation_bounds && cpu.next_tick == Nanos::Max()) cpu.next_tick = now + kWatchPeriod;
}

// The slice and the timers of the thread that runs from now on.
void StartSlice(PerCpu& cpu, Thread& thread, Nanos now) {
  if (&thread == cpu.idle) {
    cpu.slice_end = cpu.next_tick = Nanos::Max();
  } else {
    const Nanos tick = DispatchConfig().tick;
    if (tick > Nanos{} && cpu.next_tick == Nanos::Max()) cpu.next_tick = now + tick;
    SetSliceEnd(cpu, thread.dispatch.queue.load(std::memory_order_relaxed)->TimeSlice(thread, now), now);
  }
  cpu.slice_expired = false;
  UpdatePluginTimer(cpu, now);
  ArmTimer(cpu);
}

void AccountWait(PerCpu& cpu, Thread& thread, Nanos now) {
  const Nanos waited = now - thread.dispatch.ready_since;
  thread.accounting.waiting += waited;
  if (waited > cpu.stats.longest_wait) cpu.stats.longest_wait = waited;
}

void MarkRunning(PerCpu& cpu, Thread& thread, Nanos now) {
  thread.SetState(State::kRunning);
  thread.dispatch.running_on = cpu.id;
  thread.dispatch.charged_until = now;
  if (&thread == cpu.idle) {
    ++cpu.stats.idle_entries;
    cpu.idle_since = now;
    return;
  }
  sched::ThreadAccess::SetLastCpu(thread, cpu.id);
  AccountWait(cpu, thread, now);
}

void ActivateSpace(PerCpu& cpu, Thread& next) {
  mm::AddressSpace* space = next.dispatch.space.get();
  if (space == cpu.active_space) return;
  if (space != nullptr) {
    cpu.active_space = space;
    return space->Activate();
  }
  // A kernel thread can run on any root. With one CPU the old one stays alive while it is loaded, since a thread
  // that ends unloads its own; another CPU could end it behind our back.
  if (arch::CpuCount() == 1) return;
  cpu.active_space = nullptr;
  arch::LoadRoot(arch::KernelRoot());
}

enum class Leaving : std::uint8_t { kByItself, kPreempted };

void CountSwitch(PerCpu& cpu, Thread& from, Leaving leaving) {
  ++cpu.stats.switches;
  if (&from == cpu.idle) return;
  if (leaving == Leaving::kByItself) {
    ++from.accounting.voluntary_switches;
  } else {
    ++from.accounting.involuntary_switches;
    ++cpu.stats.preemptions;
  }
}

// Picks and switches; on return the thread runs again, and the lock is released.
void SwitchAway(PerCpu& cpu, Leaving leaving, Nanos now) ESC_NO_THREAD_SAFETY_ANALYSIS {
  Thread& from = *cpu.current;
  cpu.need_reschedule.store(false, std::memory_order_relaxed);
  Thread* picked = PickNext(cpu, now);
  Thread& to = picked != nullptr ? *picked : *cpu.idle;
  if (&from == cpu.idle) cpu.stats.idle_time += now - cpu.idle_since;
  MarkRunning(cpu, to, now);
  StartSlice(cpu, to, now);
  if (&to == &from) return cpu.domain->lock.Release();
  from.dispatch.running_on = kNoCpu;
  cpu.previous = &from;
  cpu.current = &to;
  cpu.sampled = Nanos{};
  CountSwitch(cpu, from, leaving);
  ActivateSpace(cpu, to);
  arch::SwitchThread(from.context, to.context);
  FinishSwitch();
}

// The running thread can go on but is to let others run.
void RequeueCurrent(PerCpu& cpu, sched::EnqueueReason reason, Nanos now) {
  Thread& self = *cpu.current;
  self.SetState(State::kReady);
  self.dispatch.ready_since = now;
  if (&self == cpu.idle) return;
  if (self.affinity().Contains(cpu.id)) {
    self.dispatch.queue.load(std::memory_order_relaxed)->Enqueue(self, reason, now);
  } else {
    self.dispatch.needs_placement = true;  // FinishSwitch, once its registers are saved
  }
}

void ReportBreaches() {
  if (!RunQueueSlot::breach_to_report.load(std::memory_order_relaxed)) [[likely]] return;
  if (!RunQueueSlot::breach_to_report.exchange(false, std::memory_order_acquire)) return;
  ReportRefusedTransition();
  for (std::size_t p = 0; p < PartitionCount(); ++p) {
    Partition& partition = PartitionAt(p);
    for (std::size_t layer = 0; layer < partition.layer_count; ++layer) {
      for (RunQueueSlot* slot : partition.layers[layer].queues) {
        if (slot != nullptr) slot->ReportBreaches();
      }
    }
  }
}

// An interrupt this late was not delayed by a section with interrupts off.
constexpr Nanos kLateTimer = Nanos::Millis(1);

void ExcuseLateTimer(PerCpu& cpu, Nanos now) {
  const Nanos late = now - std::min({cpu.slice_end, cpu.next_tick, cpu.plugin_timer});
  if (late < kLateTimer) return;
  cpu.stats.late_timers += late;
  for (std::size_t i = 0; i < cpu.slot_count; ++i) cpu.slots[i]->Excuse(late);
}

// Which of the CPU's own timers have come.
struct Due {
  bool slice = false;
  bool tick = false;
  bool plugin = false;
  bool watch = false;  // what `next_tick` stands for without a periodic tick

  bool asks_plugin() const { return slice || tick || plugin; }
};

Due WhatIsDue(const PerCpu& cpu, Nanos now) {
  const bool periodic = DispatchConfig().tick > Nanos{};
  const bool tick = cpu.next_tick <= now;
  return {.slice = cpu.slice_end <= now, .tick = tick && periodic, .plugin = cpu.plugin_timer <= now, .watch = tick && !periodic};
}

void ExpirePluginTimers(PerCpu& cpu, Nanos now) {
  cpu.plugin_timer_not_before = now + RunQueueSlot::kShortestSlice;
  for (std::size_t i = 0; i < cpu.slot_count; ++i) {
    if (cpu.slots[i]->NextTimer(now) <= now) cpu.slots[i]->TimerExpired(now);
  }
}

// Asks the plugin of the running thread whether it is to go on.
void TickCurrent(PerCpu& cpu, const Due& due, Nanos now) {
  Thread& self = *cpu.current;
  RunQueueSlot& slot = *self.dispatch.queue.load(std::memory_order_relaxed);
  if (slot.Tick(self, now) == sched::TickDecision::kReschedule) {
    cpu.slice_expired = true;
    cpu.slice_end = Nanos::Max();
    cpu.need_reschedule.store(true, std::memory_order_relaxed);
  } else if (due.slice) {
    SetSliceEnd(cpu, slot.TimeSlice(self, now), now);
  }
  if (due.tick) cpu.next_tick = now + DispatchConfig().tick;
}

}  // namespace

void FinishSwitch() ESC_NO_THREAD_SAFETY_ANALYSIS {
  PerCpu& cpu = ThisPerCpu();
  Thread& previous = *std::exchange(cpu.previous, nullptr);
  // Read before the lock goes: then another CPU may run it, and end it.
  const bool dead = previous.state() == State::kDead;
  const bool place = std::exchange(previous.dispatch.needs_placement, false);
  cpu.domain->lock.Release();
  if (dead) {
    // Its stack and, with the last reference, the thread itself go here.
    const mm::RefPtr<Thread> last = std::move(previous.dispatch.self);
  } else if (place) {
    PlaceReady(previous, sched::EnqueueReason::kMigrated);
  }
  ReportBreaches();
}

bool BlockCurrent() ESC_NO_THREAD_SAFETY_ANALYSIS {
  PerCpu& cpu = ThisPerCpu();
  Thread& self = *cpu.current;
  ESC_CHECK(&self != cpu.idle && self.dispatch.preemption_off == 0);
  ESC_DCHECK(port::CurrentLockTrace().depth == 0);
  cpu.domain->lock.Acquire();
  if (self.dispatch.unpark_token.exchange(false, std::memory_order_seq_cst)) {
    cpu.domain->lock.Release();
    return false;
  }
  const Nanos now = arch::Now();
  ChargeCurrent(cpu, now);
  self.SetState(State::kBlocked);
  SwitchAway(cpu, Leaving::kByItself, now);
  return true;
}

void StopCurrent() ESC_NO_THREAD_SAFETY_ANALYSIS {
  PerCpu& cpu = ThisPerCpu();
  Thread& self = *cpu.current;
  cpu.domain->lock.Acquire();
  // ResumeStopped clears the request before it takes this lock.
  if (!self.process().stop_requested.load(std::memory_order_acquire)) return cpu.domain->lock.Release();
  const Nanos now = arch::Now();
  ChargeCurrent(cpu, now);
  self.SetState(State::kStopped);
  SwitchAway(cpu, Leaving::kByItself, now);
}

void EndCurrent() ESC_NO_THREAD_SAFETY_ANALYSIS {
  PerCpu& cpu = ThisPerCpu();
  Thread& self = *cpu.current;
  ESC_CHECK(&self != cpu.idle);
  cpu.domain->lock.Acquire();
  const Nanos now = arch::Now();
  ChargeCurrent(cpu, now);
  self.dispatch.queue.load(std::memory_order_relaxed)->Detach(self, now);
  self.SetState(State::kDead);
  SwitchAway(cpu, Leaving::kByItself, now);
  Panic("a dead thread runs");
}

void Yield() ESC_NO_THREAD_SAFETY_ANALYSIS {
  InterruptGuard interrupts;
  PerCpu& cpu = ThisPerCpu();
  Thread& self = *cpu.current;
  if (&self == cpu.idle) return;
  cpu.domain->lock.Acquire();
  const Nanos now = arch::Now();
  ChargeCurrent(cpu, now);
  ++cpu.stats.yields;
  self.dispatch.queue.load(std::memory_order_relaxed)->Yield(self, now);
  RequeueCurrent(cpu, sched::EnqueueReason::kYielded, now);
  SwitchAway(cpu, Leaving::kByItself, now);
}

void Preempt() ESC_NO_THREAD_SAFETY_ANALYSIS {
  PerCpu& cpu = ThisPerCpu();
  cpu.domain->lock.Acquire();
  const Nanos now = arch::Now();
  ChargeCurrent(cpu, now);
  RequeueCurrent(cpu, cpu.slice_expired ? sched::EnqueueReason::kSliceExpired : sched::EnqueueReason::kPreempted, now);
  SwitchAway(cpu, Leaving::kPreempted, now);
}

void DispatchTimer(PerCpu& cpu, Nanos now) ESC_NO_THREAD_SAFETY_ANALYSIS {
  const Due due = WhatIsDue(cpu, now);
  const bool any = due.asks_plugin();
  cpu.domain->lock.Acquire();
  if (any || due.watch) ExcuseLateTimer(cpu, now);
  if (due.watch) cpu.next_tick = cpu.slice_end == Nanos::Max() ? now + kWatchPeriod : Nanos::Max();
  if (due.plugin) ExpirePluginTimers(cpu, now);
  if (cpu.current == cpu.idle) {
    if (due.plugin) cpu.need_reschedule.store(true, std::memory_order_relaxed);
  } else {
    // A charge excuses the layers below, too.
    if (any || cpu.slot_count > 1) cpu.sampled += ChargeCurrent(cpu, now);
    if (any) TickCurrent(cpu, due, now);
    // Also when nothing is due: where all threads block before their slices end, no other timer looks who waits.
    for (std::size_t i = 0; i < cpu.slot_count; ++i) {
      if (cpu.slots[i]->WatchStarvation(now)) cpu.need_reschedule.store(true, std::memory_order_relaxed);
    }
  }
  if (any) UpdatePluginTimer(cpu, now);
  cpu.domain->lock.Release();
}

void RunIdle() {
  ESC_CHECK(!port::InterruptsEnabled());
  PerCpu& cpu = ThisPerCpu();
  ESC_CHECK(cpu.current == cpu.idle);
  cpu.need_reschedule.store(true, std::memory_order_relaxed);
  for (;;) {
    if (cpu.need_reschedule.load(std::memory_order_relaxed) || TrySteal(cpu)) {
      Preempt();
    } else {
      arch::WaitForInterrupt();
    }
  }
}

}  // namespace esc::core
