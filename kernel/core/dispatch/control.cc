// What the rest of the kernel asks of dispatch: new threads, parameters, affinity, preemption.
#include <algorithm>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/base/check.h"
#include "kernel/base/port.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/dispatch/partition.h"
#include "kernel/core/dispatch/placement.h"
#include "kernel/core/dispatch/switch.h"
#include "kernel/core/sched_api/thread_access.h"

namespace esc::core {
namespace {

using sched::Capability;
using sched::Parameters;

// A thread can be found by its number before MakeReady gives it its first queue. Until then no lock guards what dispatch knows
// of it, and for those who would change that it is not there yet.
bool HasHome(const Thread& thread) { return thread.dispatch.queue.load(std::memory_order_acquire) != nullptr; }

// What a plugin must be capable of, one of, for the change to mean anything.
bool Understands(Capability capabilities, const Parameters& from, const Parameters& to) {
  const auto any = [&](Capability a, Capability b) { return Has(capabilities, a) || Has(capabilities, b); };
  if (from.priority != to.priority && !Has(capabilities, Capability::kPriorities)) return false;
  // Two ways to say one thing: who sets a niceness sets the weight that goes with it.
  const bool share = from.nice != to.nice || from.weight != to.weight;
  if (share && !any(Capability::kNice, Capability::kWeights)) return false;
  if (from.tickets != to.tickets && !Has(capabilities, Capability::kTickets)) return false;
  const bool real_time = from.runtime != to.runtime || from.deadline != to.deadline || from.period != to.period;
  return !real_time || any(Capability::kDeadlines, Capability::kBudgets);
}

bool AnyLayerUnderstands(const Partition& partition, const Parameters& from, const Parameters& to) {
  if (from == to) return true;
  for (std::size_t i = 0; i < partition.layer_count; ++i) {
    const sched::Descriptor* plugin = partition.layers[i].plugin;
    if (plugin != nullptr && Understands(plugin->capabilities, from, to)) return true;
  }
  return false;
}

// The queue of this CPU that the thread belongs into by its parameters. The lock of both is held.
RunQueueSlot& SlotFor(const Thread& thread, RunQueueSlot& home) {
  const CpuId cpu = home.cpus().First();
  Partition& partition = home.partition();
  return *partition.layers[partition.LayerFor(thread, cpu)].queues[cpu.value];
}

void RescheduleRunning(Thread& thread) {
  PerCpu& cpu = PerCpuOf(thread.dispatch.running_on);
  cpu.need_reschedule.store(true, std::memory_order_release);
  if (cpu.id != arch::ThisCpu()) arch::SendReschedule(cpu.id);
}

// Whose wish a change of parameters is, since the plugin is told by different names.
struct Change {
  enum class By : std::uint8_t { kOwner, kInheritance } by = By::kOwner;
  const Thread* donor = nullptr;  // of an inheritance; nullptr when it ends
};

// Changes what the plugin acts on; the home's lock is held. The plugin hears of it while it does not hold the thread.
void ApplyParameters(Thread& thread, RunQueueSlot& home, const Parameters& wanted, const Change& change, Nanos now) {
  const bool running = thread.state() == State::kRunning;
  const bool queued = thread.dispatch.queued;
  if (running) ChargeCurrent(PerCpuOf(thread.dispatch.running_on), now);
  if (queued) home.Dequeue(thread, sched::DequeueReason::kChanged, now);
  const Parameters old = thread.parameters();
  sched::ThreadAccess::SetParameters(thread, wanted);
  RunQueueSlot& slot = SlotFor(thread, home);
  if (&slot != &home) {
    home.Detach(thread, now);
    slot.Attach(thread, now);
  } else if (change.by == Change::By::kOwner) {
    slot.ParametersChanged(thread, old, now);
  }
  if (change.by == Change::By::kInheritance) slot.Inherit(thread, change.donor, now);
  if (queued) {
    slot.Enqueue(thread, sched::EnqueueReason::kChanged, now);
    RequestRunOf(thread, slot, now);
  }
  if (running) RescheduleRunning(thread);
}

}  // namespace

void MakeReady(Thread& thread) ESC_NO_THREAD_SAFETY_ANALYSIS {
  InterruptGuard interrupts;
  PerCpu& here = ThisPerCpu();
  const CpuSet allowed = thread.affinity() & OnlineCpus();
  ESC_CHECK(!allowed.Empty());
  // Where its parent runs, whose lock then covers both for Forked.
  PerCpu& cpu = allowed.Contains(here.id) ? here : PerCpuOf(allowed.First());
  thread.dispatch.self = mm::RefPtr<Thread>(&thread);
  cpu.domain->lock.Acquire();
  const Nanos now = arch::Now();
  Partition& partition = *cpu.partition;
  RunQueueSlot& slot = *partition.layers[partition.LayerFor(thread, cpu.id)].queues[cpu.id.value];
  thread.dispatch.charged_until = now;
  slot.Attach(thread, now);
  Thread& parent = *here.current;
  if (&parent != here.idle && here.domain == cpu.domain) {
    ChargeCurrent(here, now);
    slot.Forked(thread, parent, now);
  }
  thread.SetState(State::kReady);
  slot.Enqueue(thread, sched::EnqueueReason::kNew, now);
  RequestRunOf(thread, slot, now);
  cpu.domain->lock.Release();
}

Parameters MergeParameters(const Parameters& mine, const Parameters& donor, bool same_plugin) {
  Parameters merged = mine;
  merged.priority = std::max(mine.priority, donor.priority);
  // Another plugin's figures mean nothing here.
  if (!same_plugin) return merged;
  merged.nice = std::min(mine.nice, donor.nice);
  merged.weight = std::max(mine.weight, donor.weight);
  merged.tickets = std::max(mine.tickets, donor.tickets);
  const bool donates_deadline = donor.deadline > Nanos{} && (mine.deadline == Nanos{} || donor.deadline < mine.deadline);
  if (donates_deadline) {
    merged.runtime = donor.runtime;
    merged.deadline = donor.deadline;
    merged.period = donor.period;
  }
  return merged;
}

void SetEffectiveParameters(Thread& thread, const Parameters& effective, const Thread* donor) {
  HomeLock lock(thread);
  ApplyParameters(thread, lock.home(), effective, {Change::By::kInheritance, donor}, arch::Now());
}

Parameters OwnParameters(Thread& thread) {
  if (!HasHome(thread)) return thread.dispatch.base;
  HomeLock lock(thread);
  return thread.dispatch.base;
}

sched::Parameters EffectiveParameters(Thread& thread) {
  if (!HasHome(thread)) return thread.parameters();
  HomeLock lock(thread);
  return thread.parameters();
}

namespace {

Status SetOwnParameters(Thread& thread, const Parameters& parameters) {
  HomeLock lock(thread);
  if (thread.state() == State::kDead) return Status::kNoSuchProcess;
  RunQueueSlot& home = lock.home();
  if (!AnyLayerUnderstands(home.partition(), thread.dispatch.base, parameters)) return Status::kNotSupported;
  const Nanos now = arch::Now();
  // The layer that the thread will belong to decides on admission.
  const Parameters before = thread.parameters();
  sched::ThreadAccess::SetParameters(thread, parameters);
  RunQueueSlot& target = SlotFor(thread, home);
  sched::ThreadAccess::SetParameters(thread, before);
  const Status admission = target.PrepareAdmission(thread, parameters, now);
  if (!Ok(admission)) return admission;
  // While it holds a mutex that others wait for, it keeps what they lent: UpdateInheritance reckons how much that is.
  const bool lent = !(thread.dispatch.base == before);
  thread.dispatch.base = parameters;
  ApplyParameters(thread, home, lent ? MergeParameters(parameters, before, true) : parameters, {}, now);
  target.FinishAdmission(thread, parameters, Status::kOk, now);
  return Status::kOk;
}

}  // namespace

Status SetParameters(Thread& thread, const Parameters& parameters) {
  if (!HasHome(thread)) return Status::kNoSuchProcess;
  ESC_TRY(SetOwnParameters(thread, parameters));
  UpdateInheritance(thread);
  return Status::kOk;
}

void KeepNiceness(Thread& thread, std::int8_t nice, std::uint32_t weight) {
  if (!HasHome(thread)) return;
  HomeLock lock(thread);
  Parameters effective = thread.parameters();
  thread.dispatch.base.nice = effective.nice = nice;
  thread.dispatch.base.weight = effective.weight = weight;
  sched::ThreadAccess::SetParameters(thread, effective);
}

Status SetAffinity(Thread& thread, CpuSet affinity) {
  if ((affinity & OnlineCpus()).Empty()) return Status::kInvalidArgument;
  if (!HasHome(thread)) return Status::kNoSuchProcess;
  HomeLock lock(thread);
  RunQueueSlot& home = lock.home();
  const Nanos now = arch::Now();
  const bool queued = thread.dispatch.queued;
  if (queued) home.Dequeue(thread, sched::DequeueReason::kChanged, now);
  sched::ThreadAccess::SetAffinity(thread, affinity);
  if (queued) {
    PlaceReady(thread, lock, sched::EnqueueReason::kChanged, now);
  } else if (thread.state() == State::kRunning && !affinity.Contains(thread.dispatch.running_on)) {
    RescheduleRunning(thread);
  }
  return Status::kOk;
}

PreemptionGuard::PreemptionGuard() : thread_(CurrentThread()) { ++thread_.dispatch.preemption_off; }

PreemptionGuard::~PreemptionGuard() {
  if (--thread_.dispatch.preemption_off != 0 || !port::InterruptsEnabled()) return;
  InterruptGuard interrupts;
  if (ThisPerCpu().need_reschedule.load(std::memory_order_relaxed)) Preempt();
}

}  // namespace esc::core
