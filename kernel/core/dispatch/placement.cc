#include "kernel/core/dispatch/placement.h"

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/base/check.h"
#include "kernel/core/dispatch/partition.h"
#include "kernel/core/dispatch/switch.h"
#include "kernel/core/park.h"
#include "kernel/core/sched_api/thread_access.h"

namespace esc::core {
namespace {

constinit std::atomic<std::uint64_t> online{0};

// Which CPU is to run a thread of `home` that has just become ready.
CpuId ChooseCpu(const Thread& thread, RunQueueSlot& home, Nanos now) {
  CpuSet allowed = thread.affinity() & home.partition().cpus & OnlineCpus();
  // The affinity has moved to another partition.
  if (allowed.Empty()) allowed = thread.affinity() & OnlineCpus();
  ESC_CHECK(!allowed.Empty());
  if (allowed.Count() == 1) return allowed.First();
  const CpuId selected = home.SelectCpu(thread, allowed, now);
  if (selected != kNoCpu) return selected;
  const CpuId last = thread.last_cpu();
  const bool last_allowed = allowed.Contains(last);
  const auto idle = [](CpuId cpu) { return PerCpuOf(cpu).current == PerCpuOf(cpu).idle; };
  if (last_allowed && idle(last)) return last;
  for (std::uint32_t cpu = 0; cpu < arch::CpuCount(); ++cpu) {
    if (allowed.Contains(CpuId{cpu}) && idle(CpuId{cpu})) return CpuId{cpu};
  }
  return last_allowed ? last : allowed.First();
}

void AskForSwitch(PerCpu& cpu) {
  cpu.need_reschedule.store(true, std::memory_order_release);
  if (cpu.id != arch::ThisCpu()) arch::SendReschedule(cpu.id);
}

// Who waits in a layer below is not kept waiting by that layer's plugin.
void ExcuseBelow(PerCpu& cpu, const RunQueueSlot& slot, Nanos ran) {
  for (std::size_t below = slot.layer() + 1; below < cpu.slot_count; ++below) cpu.slots[below]->Excuse(ran);
}

bool IsUserThread(const Thread& thread) { return thread.pending_info != nullptr; }

}  // namespace

void RescheduleCpus(CpuSet cpus) {
  for (std::uint32_t cpu = 0; cpu < arch::CpuCount(); ++cpu) {
    if ((cpus & OnlineCpus()).Contains(CpuId{cpu})) AskForSwitch(PerCpuOf(CpuId{cpu}));
  }
}

HomeLock::HomeLock(Thread& thread) : interrupts_(port::DisableInterrupts()) {
  for (;;) {
    home_ = thread.dispatch.queue.load(std::memory_order_acquire);
    ESC_DCHECK(home_ != nullptr);
    home_->domain().lock.Acquire();
    RunQueueSlot* now = thread.dispatch.queue.load(std::memory_order_relaxed);
    if (now == home_ && !thread.dispatch.in_transit) [[likely]] return;
    home_->domain().lock.Release();  // it moved while we waited, or is about to
    port::CpuRelax();
  }
}

void HomeLock::Release() {
  held_ = false;
  home_->domain().lock.Release();
}

HomeLock::~HomeLock() {
  if (held_) Release();
  port::RestoreInterrupts(interrupts_);
}

CpuSet OnlineCpus() { return CpuSet::FromMask(online.load(std::memory_order_relaxed)); }
void SetOnline(CpuId cpu) { online.fetch_or(CpuSet::Of(cpu).mask(), std::memory_order_release); }

Nanos ChargeCurrent(PerCpu& cpu, Nanos now) {
  Thread& thread = *cpu.current;
  if (&thread == cpu.idle) return {};
  const Nanos ran = now - thread.dispatch.charged_until;
  if (ran <= Nanos{}) return {};
  thread.dispatch.charged_until = now;
  sched::ThreadAccess::AddRuntime(thread, ran);
  // User time unless a timer interrupt finds it in kernel code (upcalls.cc): sampling, as a tick does.
  (IsUserThread(thread) ? thread.accounting.user : thread.accounting.system) += ran;
  RunQueueSlot& slot = *thread.dispatch.queue.load(std::memory_order_relaxed);
  slot.Charge(thread, ran, now);
  if (cpu.slot_count > 1) [[unlikely]] ExcuseBelow(cpu, slot, ran);
  return ran;
}

void ChargeIfRunning(Thread& thread) {
  if (thread.dispatch.queue.load(std::memory_order_acquire) == nullptr) return;
  HomeLock lock(thread);
  if (thread.state() == State::kRunning) ChargeCurrent(PerCpuOf(thread.dispatch.running_on), arch::Now());
}

void RequestRunOf(Thread& thread, RunQueueSlot& slot, Nanos now) {
  const CpuSet cpus = slot.cpus() & thread.affinity() & OnlineCpus();
  CpuId choice = cpus.Contains(thread.last_cpu()) ? thread.last_cpu() : cpus.First();
  if (choice == kNoCpu) return;
  if (cpus.Count() > 1) {
    for (std::uint32_t cpu = 0; cpu < arch::CpuCount(); ++cpu) {
      if (cpus.Contains(CpuId{cpu}) && PerCpuOf(CpuId{cpu}).current == PerCpuOf(CpuId{cpu}).idle) choice = CpuId{cpu};
    }
  }
  PerCpu& cpu = PerCpuOf(choice);
  if (cpu.need_reschedule.load(std::memory_order_relaxed)) return;
  if (cpu.current == cpu.idle) return AskForSwitch(cpu);
  const RunQueueSlot& running = *cpu.current->dispatch.queue.load(std::memory_order_relaxed);
  if (slot.layer() > running.layer()) return;
  if (slot.layer() < running.layer()) return AskForSwitch(cpu);
  ChargeCurrent(cpu, now);
  if (slot.ShouldPreempt(*cpu.current, thread, now)) AskForSwitch(cpu);
}

void PlaceReady(Thread& thread, HomeLock& lock, sched::EnqueueReason reason, Nanos now)
    ESC_NO_THREAD_SAFETY_ANALYSIS {
  RunQueueSlot& home = lock.home();
  const CpuId cpu = ChooseCpu(thread, home, now);
  if (home.cpus().Contains(cpu)) {
    home.Enqueue(thread, reason, now);
    return RequestRunOf(thread, home, now);
  }
  Partition& partition = *PerCpuOf(cpu).partition;
  const bool same_partition = &partition == &home.partition();
  if (!same_partition) home.Detach(thread, now);
  // Ready but not queued, and told to be on its way: nobody else moves it or changes where it may run, so it may be
  // without a lock for a moment. Never two of one rank.
  thread.dispatch.in_transit = true;
  lock.Release();
  DispatchDomain& domain = *PerCpuOf(cpu).domain;
  domain.lock.Acquire();
  const std::size_t layer = same_partition ? home.layer() : partition.LayerFor(thread, cpu);
  RunQueueSlot& slot = *partition.layers[layer].queues[cpu.value];
  slot.Attach(thread, now);
  if (same_partition && reason != sched::EnqueueReason::kWoken) reason = sched::EnqueueReason::kMigrated;
  if (!same_partition) reason = sched::EnqueueReason::kHandedOver;
  slot.Enqueue(thread, reason, now);
  thread.dispatch.in_transit = false;
  RequestRunOf(thread, slot, now);
  domain.lock.Release();
}

void PlaceReady(Thread& thread, sched::EnqueueReason reason) {
  HomeLock lock(thread);
  PlaceReady(thread, lock, reason, arch::Now());
}

void Unpark(Thread& thread) {
  // Pairs with BlockCurrent, which looks at the token under the lock that we take next, and with PreparePark.
  if (thread.dispatch.unpark_token.exchange(true, std::memory_order_seq_cst)) return;
  // Not in its first queue yet: it will find the token.
  if (thread.dispatch.queue.load(std::memory_order_acquire) == nullptr) return;
  HomeLock lock(thread);
  if (thread.state() != State::kBlocked) return;
  thread.dispatch.unpark_token.store(false, std::memory_order_relaxed);
  thread.SetState(State::kReady);
  ++ThisPerCpu().stats.wakeups;
  PlaceReady(thread, lock, sched::EnqueueReason::kWoken, arch::Now());
}

void ResumeStopped(Thread& thread) {
  if (thread.dispatch.queue.load(std::memory_order_acquire) == nullptr) return;
  HomeLock lock(thread);
  if (thread.state() != State::kStopped) return;
  thread.SetState(State::kReady);
  PlaceReady(thread, lock, sched::EnqueueReason::kWoken, arch::Now());
}

void Nudge(Thread& thread) {
  if (arch::CpuCount() == 1) return;
  if (thread.dispatch.queue.load(std::memory_order_acquire) == nullptr) return;
  HomeLock lock(thread);
  if (thread.state() == State::kRunning && thread.dispatch.running_on != arch::ThisCpu()) {
    arch::SendReschedule(thread.dispatch.running_on);
  }
}

bool TrySteal(PerCpu& cpu) ESC_NO_THREAD_SAFETY_ANALYSIS {
  Partition& partition = *cpu.partition;
  const CpuSet victims = partition.cpus & OnlineCpus();
  if (victims.Count() < 2) return false;
  for (std::size_t layer = 0; layer < partition.layer_count; ++layer) {
    RunQueueSlot& mine = *partition.layers[layer].queues[cpu.id.value];
    for (std::uint32_t other = 0; other < arch::CpuCount(); ++other) {
      if (!victims.Contains(CpuId{other}) || mine.cpus().Contains(CpuId{other})) continue;
      RunQueueSlot& theirs = *partition.layers[layer].queues[other];
      if (&theirs.domain() == &mine.domain()) continue;
      const Nanos now = arch::Now();
      theirs.domain().lock.Acquire();
      Thread* thread = theirs.StealCandidate(cpu.id, now);
      if (thread != nullptr) {
        theirs.Dequeue(*thread, sched::DequeueReason::kStolen, now);
        thread->dispatch.in_transit = true;
      }
      theirs.domain().lock.Release();
      if (thread == nullptr) continue;
      mine.domain().lock.Acquire();
      mine.Attach(*thread, now);
      mine.Enqueue(*thread, sched::EnqueueReason::kMigrated, now);
      thread->dispatch.in_transit = false;
      cpu.need_reschedule.store(true, std::memory_order_relaxed);
      mine.domain().lock.Release();
      return true;
    }
  }
  return false;
}

}  // namespace esc::core
