#include "kernel/core/dispatch/run_queue_slot.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "kernel/arch_api/clock.h"
#include "kernel/base/check.h"
#include "kernel/base/log.h"
#include "kernel/core/dispatch/placement.h"
#include "kernel/core/sched_api/thread_access.h"
#include "kernel/core/thread/thread_factory.h"

namespace esc::core {

using sched::Capability;
using sched::Verdict;

constinit std::atomic<bool> RunQueueSlot::breach_to_report{false};
constinit const sched::Descriptor RunQueueSlot::kNoPlugin{};

namespace {

// Of `unreported_`, beside the verdicts.
constexpr std::uint32_t kEjected = 1u << 31;
static_assert(sched::kVerdicts < 31);

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
  if (before != nullptr && before->condemned()) {
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
  trusted_->InitThread(thread, now);
}

void RunQueueSlot::Forked(Thread& child, const Thread& parent, Nanos now) {
  if (Serves(parent)) trusted_->Forked(child, parent, now);
}

void RunQueueSlot::Detach(Thread& thread, Nanos now) {
  ESC_DCHECK(!thread.dispatch.queued);
  if (Serves(thread)) {
    trusted_->ExitThread(thread, now);
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
  log_.Add(now, thread.id(), DecisionLog::What::kEnqueue, static_cast<std::uint8_t>(reason));
  trusted_->Enqueue(thread, reason, now);
}

void RunQueueSlot::Unrecord(Thread& thread) {
  record_.Remove(thread);
  thread.dispatch.queued = false;
}

void RunQueueSlot::Withdraw(Thread& thread, sched::DequeueReason reason, Nanos now) {
  ESC_DCHECK(thread.dispatch.queued && thread.dispatch.queue.load(std::memory_order_relaxed) == this);
  if (Trusted()) {
    log_.Add(now, thread.id(), DecisionLog::What::kDequeue, static_cast<std::uint8_t>(reason));
    trusted_->Dequeue(thread, reason, now);
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
  sched::Thread* answer = trusted_->PickNext(cpu, now);
  if (answer == nullptr) [[unlikely]] return PickForNone(cpu, now);
  const Verdict verdict = Verify(answer, cpu);
  if (verdict != Verdict::kAccepted) [[unlikely]] return PickForRefused(*answer, verdict, cpu, now);
  auto* thread = static_cast<Thread*>(answer);
  Unrecord(*thread);
  log_.Add(now, thread->id(), DecisionLog::What::kPick, static_cast<std::uint8_t>(cpu.value));
  return thread;
}

// The plugin has found none, though there are some. Out of line, as what follows: each switch goes through PickNext.
[[gnu::noinline, gnu::cold]] Thread* RunQueueSlot::PickForNone(CpuId cpu, Nanos now) {
  Thread* waiting = record_.FirstFor(cpu);
  if (waiting == nullptr) return nullptr;
  // A budget may be used up until its refill, of which the plugin tells.
  const bool throttles = Has(setup_.plugin->capabilities, Capability::kBudgets);
  if (throttles && trusted_->NextTimer(now) != Nanos::Max()) return nullptr;
  Breach(Verdict::kLostThreads, waiting->id());
  return TakeOldestFor(cpu, now);
}

// Of a foreign thread nothing may be touched.
[[gnu::noinline, gnu::cold]] Thread* RunQueueSlot::PickForRefused(sched::Thread& answer, Verdict verdict, CpuId cpu,
                                                                  Nanos now) {
  const Tid culprit = verdict == Verdict::kForeignThread ? Tid{} : answer.id();
  log_.Add(now, culprit, DecisionLog::What::kPick, static_cast<std::uint8_t>(cpu.value));
  Breach(verdict, culprit);
  // The thread itself is sound but not for this CPU: the plugin has taken it out, so it gets it back.
  if (verdict == Verdict::kWrongCpu) {
    if (Linked(static_cast<const Thread&>(answer))) {
      Breach(Verdict::kNotQueued, answer.id());
    } else if (Trusted()) {
      trusted_->Enqueue(answer, sched::EnqueueReason::kMigrated, now);
    }
  }
  return TakeOldestFor(cpu, now);
}

sched::TickDecision RunQueueSlot::Tick(Thread& thread, Nanos now) {
  if (!Serves(thread)) return sched::TickDecision::kReschedule;
  return trusted_->Tick(thread, now);
}

Nanos RunQueueSlot::TimeSlice(const Thread& thread, Nanos now) {
  if (!Serves(thread)) return setup_.time_slice;
  const std::optional<Nanos> slice = trusted_->TimeSlice(thread, now);
  if (!slice.has_value()) return Nanos::Max();
  if (*slice >= kShortestSlice) [[likely]] return *slice;
  if (*slice > Nanos{}) return std::max(*slice, std::min(kShortestSlice, setup_.time_slice));
  if (*slice != sched::RunQueue::kConfiguredSlice) Breach(Verdict::kBadSlice, thread.id());
  return setup_.time_slice;
}

bool RunQueueSlot::ShouldPreempt(const Thread& current, const Thread& woken, Nanos now) {
  if (!Serves(current)) return false;
  return trusted_->ShouldPreempt(current, woken, now);
}

CpuId RunQueueSlot::SelectCpu(const Thread& thread, CpuSet allowed, Nanos now) {
  if (!Serves(thread)) return kNoCpu;
  const CpuId cpu = trusted_->SelectCpu(thread, allowed, now);
  if (cpu == kNoCpu || allowed.Contains(cpu)) return cpu;
  Breach(Verdict::kBadCpu, thread.id());
  return kNoCpu;
}

Thread* RunQueueSlot::StealCandidate(CpuId thief, Nanos now) {
  if (record_.empty()) return nullptr;
  if (!Trusted()) return record_.FirstFor(thief);
  sched::Thread* answer = trusted_->StealCandidate(thief, now);
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
  if (Serves(thread)) trusted_->ParametersChanged(thread, old, now);
}

void RunQueueSlot::Inherit(Thread& holder, const Thread* donor, Nanos now) {
  if (Serves(holder)) trusted_->Inherit(holder, donor, now);
}

// An ejected layer keeps what it has and takes no more: those that it would have declined belong further down.
bool RunQueueSlot::Accepts(const Thread& thread) const {
  return Trusted() ? trusted_->Accepts(thread) : setup_.plugin == nullptr;
}

Status RunQueueSlot::PrepareAdmission(const Thread& thread, const sched::Parameters& wanted, Nanos now) {
  return Trusted() ? trusted_->PrepareAdmission(thread, wanted, now) : Status::kOk;
}

void RunQueueSlot::FinishAdmission(Thread& thread, const sched::Parameters& wanted, Status outcome, Nanos now) {
  if (!Trusted()) return;
  if (Ok(outcome)) return trusted_->CommitAdmission(thread, wanted, now);
  trusted_->CancelAdmission(thread, wanted, now);
}

void RunQueueSlot::TimerExpired(Nanos now) {
  if (!Trusted() || timer_ignored_) return;
  trusted_->TimerExpired(now);
  if (trusted_->NextTimer(now) > now) return;
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
bool RunQueueSlot::WatchStarvation(Nanos now) {
  if (!Trusted() || setup_.plugin->guarantees.starvation_bound == nullptr) return false;
  Thread* oldest = record_.Oldest();
  if (oldest == nullptr) return false;
  // Those that were here meanwhile and the one that runs have had their turns, too.
  const std::uint32_t threads = MostThreadsSince(oldest->dispatch.ready_since, now) + 1;
  const Nanos bound = setup_.plugin->guarantees.starvation_bound(setup_.parameters, setup_.time_slice, threads);
  const Nanos waited = now - oldest->dispatch.ready_since - (excused_ - oldest->dispatch.excused_before);
  if (bound == Nanos::Max() || waited <= bound + bound) return false;
  if (!oldest->dispatch.starved) {
    oldest->dispatch.starved = true;
    Breach(Verdict::kStarvation, oldest->id());
  }
  if (waited > bound + bound + kStarvationGrace && Trusted()) Condemn(Verdict::kStarvation, oldest->id());
  return !Trusted();
}

void RunQueueSlot::Dump(TextBuffer& text) {
  if (Trusted()) trusted_->Dump(text);
}

void RunQueueSlot::Breach(Verdict verdict, Tid thread) {
  const auto index = static_cast<std::size_t>(verdict);
  if (verdicts_[index].fetch_add(1, std::memory_order_relaxed) == 0) {
    culprits_[index].store(thread.value, std::memory_order_relaxed);
  }
  unreported_.fetch_or(Bit(verdict), std::memory_order_release);
  breach_to_report.store(true, std::memory_order_release);
  if (!Trusted()) return;
  if ((kLosesTrust & Bit(verdict)) != 0 || ++wrong_answers_ >= kMostWrongAnswers) Condemn(verdict, thread);
}

// The record holds every queued thread in the order of its coming: nothing has to move.
void RunQueueSlot::Condemn(Verdict verdict, Tid thread) {
  ejection_ = Ejection{verdict, thread, arch::Now()};
  trusted_ = nullptr;
  serving_ = &kNoPlugin;
  for (Thread& queued : record_) {
    queued.dispatch.bound = nullptr;
    ForgetHook(queued);
  }
  unreported_.fetch_or(kEjected, std::memory_order_release);
  breach_to_report.store(true, std::memory_order_release);
}

std::optional<RunQueueSlot::Ejection> RunQueueSlot::ReadEjection() {
  SpinLockGuard guard(domain().lock);
  return ejection_;
}

void RunQueueSlot::ReportBreaches() {
  const std::uint32_t taken = unreported_.exchange(0, std::memory_order_acquire);
  const std::uint32_t told = taken & ~reported_.fetch_or(taken, std::memory_order_relaxed);
  if (told == 0) return;
  for (std::size_t i = 0; i < sched::kVerdicts; ++i) {
    if ((told >> i & 1) == 0) continue;
    Log("scheduler: plugin {} on cpus {:x}: {} (thread {})", setup_.plugin->name, setup_.cpus.mask(),
        sched::VerdictName(static_cast<Verdict>(i)), culprits_[i].load(std::memory_order_relaxed));
  }
  const std::optional<Ejection> ejection = ReadEjection();
  if ((told & kEjected) == 0 || !ejection) return;
  Log("scheduler: plugin {} on cpus {:x}: condemned for {}, its threads run first in, first out", setup_.plugin->name,
      setup_.cpus.mask(), sched::VerdictName(ejection->verdict));
  // The turn that runs there now may be one without an end.
  RescheduleCpus(setup_.cpus);
}

}  // namespace esc::core
