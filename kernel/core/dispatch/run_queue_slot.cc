#include "kernel/core/dispatch/run_queue_slot.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "kernel/base/check.h"
#include "kernel/base/log.h"
#include "kernel/core/sched_api/thread_access.h"
#include "kernel/core/thread/thread_factory.h"

namespace esc::core {

using sched::Capability;
using sched::Verdict;

constinit std::atomic<bool> RunQueueSlot::breach_to_report{false};

namespace {

constexpr std::uint32_t Bit(Verdict verdict) { return 1u << static_cast<unsigned>(verdict); }

// After these the plugin's idea of its queue cannot be ours any more.
constexpr std::uint32_t kLosesTrust = Bit(Verdict::kForeignThread) | Bit(Verdict::kNotRunnable) |
                                      Bit(Verdict::kNotQueued) | Bit(Verdict::kRunningElsewhere) |
                                      Bit(Verdict::kLostThreads);

bool Linked(const Thread& thread) { return static_cast<const ListHook<sched::QueueTag>&>(thread).linked(); }

// A plugin that is gone may have left the thread in a list of its own.
void ForgetHook(Thread& thread) {
  using Hook = ListHook<sched::QueueTag>;
  Hook& hook = thread;
  if (hook.linked()) new (&hook) Hook();
}

}  // namespace

void RunQueueSlot::Attach(Thread& thread, Nanos now) {
  RunQueueSlot* before = thread.dispatch.queue.exchange(this, std::memory_order_acq_rel);
  if (before != nullptr && before->condemned_) {
    thread.dispatch.bound = nullptr;
    ForgetHook(thread);
  }
  if (!Trusted()) {
    thread.dispatch.bound = nullptr;
    return;
  }
  if (thread.dispatch.bound == setup_.plugin) return;
  std::memset(thread.raw_state(), 0, setup_.plugin->thread_state_bytes);
  thread.dispatch.bound = setup_.plugin;
  setup_.queue->InitThread(thread, now);
}

void RunQueueSlot::Forked(Thread& child, const Thread& parent, Nanos now) {
  if (Serves(parent)) setup_.queue->Forked(child, parent, now);
}

void RunQueueSlot::Detach(Thread& thread, Nanos now) {
  ESC_DCHECK(!thread.dispatch.queued);
  if (Serves(thread)) {
    setup_.queue->ExitThread(thread, now);
    if (Linked(thread)) Breach(Verdict::kNotQueued, thread.id());
  }
  thread.dispatch.bound = nullptr;
  ForgetHook(thread);
}

void RunQueueSlot::Enqueue(Thread& thread, sched::EnqueueReason reason, Nanos now) {
  ESC_DCHECK(!thread.dispatch.queued && thread.state() == State::kReady);
  record_.PushBack(thread);
  peak_ = std::max(peak_, record_.size());
  thread.dispatch.queued = true;
  thread.dispatch.starved = false;
  thread.dispatch.ready_since = now;
  thread.dispatch.excused_before = excused_;
  if (!Trusted()) return;
  // Still in a list of the plugin, which gave it away: a second link would break both lists.
  if (Linked(thread)) return Breach(Verdict::kNotQueued, thread.id());
  setup_.queue->Enqueue(thread, reason, now);
}

void RunQueueSlot::Unrecord(Thread& thread) {
  record_.Remove(thread);
  thread.dispatch.queued = false;
}

void RunQueueSlot::Withdraw(Thread& thread, sched::DequeueReason reason, Nanos now) {
  ESC_DCHECK(thread.dispatch.queued && thread.dispatch.queue.load(std::memory_order_relaxed) == this);
  if (Trusted()) {
    setup_.queue->Dequeue(thread, reason, now);
    // Told here, where it is this plugin's doing: the next queue could not link the thread.
    if (Linked(thread)) Breach(Verdict::kNotQueued, thread.id());
  }
  Unrecord(thread);
}

void RunQueueSlot::Dequeue(Thread& thread, sched::DequeueReason reason, Nanos now) {
  Withdraw(thread, reason, now);
  // It goes on waiting elsewhere: Enqueue starts the clock anew, so this part counts now.
  thread.accounting.waiting += now - std::exchange(thread.dispatch.ready_since, now);
}

// Touches the answer only when it is a thread, and what another lock guards only after it turned out to be ours.
Verdict RunQueueSlot::Verify(const sched::Thread* answer, CpuId cpu) {
  const auto* thread = static_cast<const Thread*>(answer);
  // The front of our own record is what it should be, all but the CPU; most answers of most plugins are it.
  if (thread == record_.Oldest()) return thread->affinity().Contains(cpu) ? Verdict::kAccepted : Verdict::kWrongCpu;
  if (!ThreadFactory::IsThread(thread)) return Verdict::kForeignThread;
  const State state = thread->state();
  if (state == State::kRunning) return Verdict::kRunningElsewhere;
  if (state != State::kReady) return Verdict::kNotRunnable;
  if (thread->dispatch.queue.load(std::memory_order_acquire) != this) return Verdict::kNotQueued;
  if (!thread->dispatch.queued) return Verdict::kNotQueued;
  return thread->affinity().Contains(cpu) ? Verdict::kAccepted : Verdict::kWrongCpu;
}

Thread* RunQueueSlot::TakeOldestFor(CpuId cpu, Nanos now) {
  Thread* thread = record_.FirstFor(cpu);
  if (thread != nullptr) Withdraw(*thread, sched::DequeueReason::kStolen, now);
  return thread;
}

Thread* RunQueueSlot::PickNext(CpuId cpu, Nanos now) {
  if (record_.empty()) return nullptr;
  if (!Trusted()) return TakeOldestFor(cpu, now);
  sched::Thread* answer = setup_.queue->PickNext(cpu, now);
  if (answer == nullptr) [[unlikely]] return PickForNone(cpu, now);
  const Verdict verdict = Verify(answer, cpu);
  if (verdict != Verdict::kAccepted) [[unlikely]] return PickForRefused(*answer, verdict, cpu, now);
  auto* thread = static_cast<Thread*>(answer);
  Unrecord(*thread);
  return thread;
}

// The plugin has found none, though there are some. Out of line, as what follows: each switch goes through PickNext.
[[gnu::noinline, gnu::cold]] Thread* RunQueueSlot::PickForNone(CpuId cpu, Nanos now) {
  Thread* waiting = record_.FirstFor(cpu);
  if (waiting == nullptr) return nullptr;
  // A budget may be used up until its refill, of which the plugin tells.
  const bool throttles = Has(setup_.plugin->capabilities, Capability::kBudgets);
  if (throttles && setup_.queue->NextTimer(now) != Nanos::Max()) return nullptr;
  Breach(Verdict::kLostThreads, waiting->id());
  return TakeOldestFor(cpu, now);
}

// Of a foreign thread nothing may be touched.
[[gnu::noinline, gnu::cold]] Thread* RunQueueSlot::PickForRefused(sched::Thread& answer, Verdict verdict, CpuId cpu,
                                                                  Nanos now) {
  Breach(verdict, verdict == Verdict::kForeignThread ? Tid{} : answer.id());
  // The thread itself is sound but not for this CPU: the plugin has taken it out, so it gets it back.
  if (verdict == Verdict::kWrongCpu) {
    if (Linked(static_cast<const Thread&>(answer))) {
      Breach(Verdict::kNotQueued, answer.id());
    } else {
      setup_.queue->Enqueue(answer, sched::EnqueueReason::kMigrated, now);
    }
  }
  return TakeOldestFor(cpu, now);
}

sched::TickDecision RunQueueSlot::Tick(Thread& thread, Nanos now) {
  if (!Serves(thread)) return sched::TickDecision::kReschedule;
  return setup_.queue->Tick(thread, now);
}

Nanos RunQueueSlot::TimeSlice(const Thread& thread, Nanos now) {
  if (!Serves(thread)) return setup_.time_slice;
  const std::optional<Nanos> slice = setup_.queue->TimeSlice(thread, now);
  if (!slice.has_value()) return Nanos::Max();
  if (*slice > Nanos{}) [[likely]] return *slice;
  if (*slice != sched::RunQueue::kConfiguredSlice) Breach(Verdict::kBadSlice, thread.id());
  return setup_.time_slice;
}

bool RunQueueSlot::ShouldPreempt(const Thread& current, const Thread& woken, Nanos now) {
  if (!Serves(current)) return false;
  return setup_.queue->ShouldPreempt(current, woken, now);
}

CpuId RunQueueSlot::SelectCpu(const Thread& thread, CpuSet allowed, Nanos now) {
  if (!Serves(thread)) return kNoCpu;
  const CpuId cpu = setup_.queue->SelectCpu(thread, allowed, now);
  if (cpu == kNoCpu || allowed.Contains(cpu)) return cpu;
  Breach(Verdict::kBadCpu, thread.id());
  return kNoCpu;
}

Thread* RunQueueSlot::StealCandidate(CpuId thief, Nanos now) {
  if (record_.empty()) return nullptr;
  if (!Trusted()) return record_.FirstFor(thief);
  sched::Thread* answer = setup_.queue->StealCandidate(thief, now);
  if (answer == nullptr) return nullptr;
  const Verdict verdict = Verify(answer, thief);
  if (verdict == Verdict::kAccepted) return static_cast<Thread*>(answer);
  if (verdict == Verdict::kForeignThread) {
    Breach(verdict, Tid{});
  } else {
    Breach(Verdict::kWrongCandidate, answer->id());
  }
  return nullptr;
}

void RunQueueSlot::ParametersChanged(Thread& thread, const sched::Parameters& old, Nanos now) {
  if (Serves(thread)) setup_.queue->ParametersChanged(thread, old, now);
}

void RunQueueSlot::Inherit(Thread& holder, const Thread* donor, Nanos now) {
  if (Serves(holder)) setup_.queue->Inherit(holder, donor, now);
}

bool RunQueueSlot::Accepts(const Thread& thread) const { return !Trusted() || setup_.queue->Accepts(thread); }

Status RunQueueSlot::PrepareAdmission(const Thread& thread, const sched::Parameters& wanted, Nanos now) {
  return Trusted() ? setup_.queue->PrepareAdmission(thread, wanted, now) : Status::kOk;
}

void RunQueueSlot::FinishAdmission(Thread& thread, const sched::Parameters& wanted, Status outcome, Nanos now) {
  if (!Trusted()) return;
  if (Ok(outcome)) return setup_.queue->CommitAdmission(thread, wanted, now);
  setup_.queue->CancelAdmission(thread, wanted, now);
}

void RunQueueSlot::TimerExpired(Nanos now) {
  if (!Trusted() || timer_ignored_) return;
  setup_.queue->TimerExpired(now);
  if (setup_.queue->NextTimer(now) > now) return;
  timer_ignored_ = true;
  Breach(Verdict::kBadTimer, Tid{});
}

// How many threads the queue has held at most while the oldest one waited, in constant time and from above: the peak of
// the current period and the one before. A period ends when all who were queued at its begin are gone, so two of them
// cover every wait that began in the first.
std::uint32_t RunQueueSlot::MostThreadsSince(Nanos ready_since, Nanos now) {
  const auto most = static_cast<std::uint32_t>(std::max(peak_, peak_before_));
  if (ready_since > peak_since_) {
    peak_before_ = std::exchange(peak_, record_.size());
    peak_since_ = now;
  }
  return most;
}

// Twice the bound: the plugin's promise is for equals, and a slice may begin late by a wake-up of a better thread.
void RunQueueSlot::WatchStarvation(Nanos now) {
  if (!Trusted() || setup_.plugin->guarantees.starvation_bound == nullptr) return;
  Thread* oldest = record_.Oldest();
  if (oldest == nullptr || oldest->dispatch.starved) return;
  // Those that were here meanwhile and the one that runs have had their turns, too.
  const std::uint32_t threads = MostThreadsSince(oldest->dispatch.ready_since, now) + 1;
  const Nanos bound = setup_.plugin->guarantees.starvation_bound(setup_.parameters, setup_.time_slice, threads);
  const Nanos waited = now - oldest->dispatch.ready_since - (excused_ - oldest->dispatch.excused_before);
  if (bound == Nanos::Max() || waited <= bound + bound) return;
  oldest->dispatch.starved = true;
  Breach(Verdict::kStarvation, oldest->id());
}

void RunQueueSlot::Dump(TextBuffer& text) {
  if (Trusted()) setup_.queue->Dump(text);
}

void RunQueueSlot::Breach(Verdict verdict, Tid thread) {
  const auto index = static_cast<std::size_t>(verdict);
  if (verdicts_[index].fetch_add(1, std::memory_order_relaxed) == 0) {
    culprits_[index].store(thread.value, std::memory_order_relaxed);
  }
  unreported_.fetch_or(Bit(verdict), std::memory_order_release);
  breach_to_report.store(true, std::memory_order_release);
  if ((kLosesTrust & Bit(verdict)) != 0) Condemn();
}

// The record holds every queued thread in the order of its coming: nothing has to move.
void RunQueueSlot::Condemn() {
  condemned_ = true;
  for (Thread& thread : record_) {
    thread.dispatch.bound = nullptr;
    ForgetHook(thread);
  }
}

void RunQueueSlot::ReportBreaches() {
  const std::uint32_t told = unreported_.exchange(0, std::memory_order_acquire) & ~reported_;
  reported_ |= told;
  for (std::size_t i = 0; i < sched::kVerdicts; ++i) {
    if ((told >> i & 1) == 0) continue;
    const auto verdict = static_cast<Verdict>(i);
    Log("scheduler: plugin {} on cpus {:x}: {} (thread {}){}", setup_.plugin->name, setup_.cpus.mask(),
        sched::VerdictName(verdict), culprits_[i].load(std::memory_order_relaxed),
        (kLosesTrust & Bit(verdict)) != 0 ? "; condemned, its threads run first in, first out" : "");
  }
}

}  // namespace esc::core
