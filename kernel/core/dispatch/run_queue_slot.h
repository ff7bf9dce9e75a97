// One run queue: a plugin's RunQueue object, core's own record of what is in it, and the verification of every answer.
//
// A breach that loses trust (a foreign or unqueued thread, lost threads), starvation that goes on, or too many wrong answers of
// other kinds eject the plugin's object: it is never called again, and the record, which is a first-in-first-out queue, stands
// in; why, and the last decisions, are kept. Invariant: a thread is in the record if and only if dispatch.queued, and then
// dispatch.queue is this and its state is kReady. Locking: domain().lock for everything but the counters. Cost: the
// plugin's, plus O(1).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "kernel/base/cpu_set.h"
#include "kernel/base/format.h"
#include "kernel/base/spin_lock.h"
#include "kernel/base/units.h"
#include "kernel/core/dispatch/decision_log.h"
#include "kernel/core/dispatch/fifo_queue.h"
#include "kernel/core/sched_api/descriptor.h"
#include "kernel/core/sched_api/run_queue.h"
#include "kernel/core/sched_api/verdict.h"
#include "kernel/core/thread.h"

namespace esc::core {

// What one lock guards: all queues of one CPU, or all queues of a partition that has a shared one. A CPU takes the
// lock of one domain only, and the "runs now" slots of its CPUs are guarded by it too.
struct DispatchDomain {
  SpinLock lock{LockRank::kRunQueue};
};

struct Partition;

class RunQueueSlot {
 public:
  struct Setup {
    DispatchDomain* domain = nullptr;
    Partition* partition = nullptr;
    std::size_t layer = 0;
    const sched::Descriptor* plugin = nullptr;  // nullptr: the built-in queue alone
    sched::RunQueue* queue = nullptr;           // built from `plugin`
    std::span<const std::uint64_t> parameters;
    CpuSet cpus;
    Nanos time_slice = Nanos::Millis(10);
  };
  explicit RunQueueSlot(const Setup& setup)
      : setup_(setup), trusted_(setup.queue), serving_(setup.queue != nullptr ? setup.plugin : &kNoPlugin) {}

  // A slice shorter than this is not granted: a CPU that only switches does nothing else, and what a plugin has left over of
  // a slice may be next to nothing.
  static constexpr Nanos kShortestSlice = Nanos::Micros(20);
  // Of the kinds that do not end trust at once.
  static constexpr std::uint32_t kMostWrongAnswers = 100;
  // By so much more than twice the bound may a thread wait before the plugin is ejected for it: a machine that stood still
  // in a way that nobody could notice costs no plugin its place.
  static constexpr Nanos kStarvationGrace = Nanos::Seconds(1);

  DispatchDomain& domain() const { return *setup_.domain; }
  Partition& partition() const { return *setup_.partition; }
  std::size_t layer() const { return setup_.layer; }
  const CpuSet& cpus() const { return setup_.cpus; }
  const sched::Descriptor* plugin() const { return setup_.plugin; }
  std::span<const std::uint64_t> parameters() const { return setup_.parameters; }
  // Ejected: why, when, and about which thread; nullopt while the plugin is in its place.
  struct Ejection {
    sched::Verdict verdict{};
    Tid thread{};
    Nanos time{};
  };
  bool condemned() const { return ejection_.has_value(); }
  const std::optional<Ejection>& ejection() const { return ejection_; }
  // Up to the ejection, if there was one. The built-in queue decides without a log.
  const DecisionLog& decisions() const { return log_; }
  // In the order of their coming.
  FifoQueue& record() { return record_; }
  std::size_t size() const { return record_.size(); }

  // --- events; all with domain().lock held ---
  // Makes the thread this queue's (InitThread, unless its state came with it from another queue of the plugin).
  void Attach(Thread& thread, Nanos now);
  // `child` is attached here; its parent too.
  void Forked(Thread& child, const Thread& parent, Nanos now);
  // The thread ends, or leaves for another plugin. It is not queued.
  void Detach(Thread& thread, Nanos now);
  void Enqueue(Thread& thread, sched::EnqueueReason reason, Nanos now);
  void Dequeue(Thread& thread, sched::DequeueReason reason, Nanos now);
  // Takes out the thread to run on `cpu`, verified; nullptr when none may.
  Thread* PickNext(CpuId cpu, Nanos now);
  void Charge(Thread& thread, Nanos ran, Nanos now) {
    if (Serves(thread)) trusted_->Charge(thread, ran, now);
  }
  sched::TickDecision Tick(Thread& thread, Nanos now);
  // Nanos::Max(): no limit.
  Nanos TimeSlice(const Thread& thread, Nanos now);
  void Yield(Thread& thread, Nanos now) {
    if (Serves(thread)) trusted_->Yield(thread, nullptr, now);
  }
  bool ShouldPreempt(const Thread& current, const Thread& woken, Nanos now);
  // kNoCpu: core decides. `allowed` is not empty.
  CpuId SelectCpu(const Thread& thread, CpuSet allowed, Nanos now);
  // A thread of this queue that may run on `thief`, still queued; nullptr for none.
  Thread* StealCandidate(CpuId thief, Nanos now);
  void ParametersChanged(Thread& thread, const sched::Parameters& old, Nanos now);
  void Inherit(Thread& holder, const Thread* donor, Nanos now);
  bool Accepts(const Thread& thread) const;
  Status PrepareAdmission(const Thread& thread, const sched::Parameters& wanted, Nanos now);
  void FinishAdmission(Thread& thread, const sched::Parameters& wanted, Status outcome, Nanos now);
  bool HasTimers() const { return setup_.plugin != nullptr && setup_.plugin->has_timers; }
  bool HasStarvationBound() const { return setup_.plugin != nullptr && setup_.plugin->guarantees.starvation_bound != nullptr; }
  Nanos NextTimer(Nanos now) { return Trusted() && !timer_ignored_ ? trusted_->NextTimer(now) : Nanos::Max(); }
  void CpuOnline(CpuId cpu, Nanos now) {
    if (Trusted()) trusted_->CpuOnline(cpu, now);
  }
  // The queue's own timer has come. One that names the same moment again would come for ever: it is heeded no more.
  void TimerExpired(Nanos now);
  // Gives a verdict on the longest waiting thread, once a wait. Whether the plugin was ejected for it now.
  bool WatchStarvation(Nanos now);
  // Time that the plugin cannot answer for, so the watchdog leaves it out: a timer of the queue's CPU came late (a
  // starved virtual CPU, interrupts off for long), or a layer above had the CPU.
  void Excuse(Nanos time) { excused_ += time; }
  void Dump(TextBuffer& text);

  // --- counters; no lock ---
  std::uint64_t verdicts(sched::Verdict verdict) const {
    return verdicts_[static_cast<std::size_t>(verdict)].load(std::memory_order_relaxed);
  }
  // Writes a line for each kind of breach that nobody has told yet. No lock held.
  void ReportBreaches();
  // Whether any slot has something for ReportBreaches.
  static std::atomic<bool> breach_to_report;

 private:
  // What `serving_` is when no plugin is asked; bound to no thread.
  static const sched::Descriptor kNoPlugin;

  bool Trusted() const { return trusted_ != nullptr; }
  bool Serves(const Thread& thread) const { return thread.dispatch.bound == serving_; }
  sched::Verdict Verify(const sched::Thread* answer, CpuId cpu);
  // What PickNext does when the plugin named none, or one that may not run.
  Thread* PickForNone(CpuId cpu, Nanos now);
  Thread* PickForRefused(sched::Thread& answer, sched::Verdict verdict, CpuId cpu, Nanos now);
  Thread* TakeOldestFor(CpuId cpu, Nanos now);
  void Withdraw(Thread& thread, sched::DequeueReason reason, Nanos now);
  void Unrecord(Thread& thread);
  std::uint32_t MostThreadsSince(Nanos ready_since, Nanos now);
  void Breach(sched::Verdict verdict, Tid thread);
  void Condemn(sched::Verdict verdict, Tid thread);
  // Taken under the lock, for those who tell of it without.
  std::optional<Ejection> ReadEjection();

  const Setup setup_;
  sched::RunQueue* trusted_;            // setup_.queue until it is ejected; each call of it goes through here
  const sched::Descriptor* serving_;    // its plugin; with it one comparison tells whether to ask it about a thread
  std::optional<Ejection> ejection_;
  std::uint32_t wrong_answers_ = 0;
  DecisionLog log_;
  bool timer_ignored_ = false;
  Nanos excused_{};
  FifoQueue record_;
  // The longest that the record has been since `peak_since_`, and in the period before that: MostThreadsSince.
  std::size_t peak_ = 0;
  std::size_t peak_before_ = 0;
  Nanos peak_since_{};
  std::array<std::atomic<std::uint64_t>, sched::kVerdicts> verdicts_{};
  std::atomic<std::uint32_t> unreported_{0};  // a bit a verdict
  std::atomic<std::uint32_t> reported_{0};
  std::array<std::atomic<std::int32_t>, sched::kVerdicts> culprits_{};  // the thread of the first breach of a kind
};

// A line of /proc/escapement/scheduler and of panics, without its end.
void DescribeDecision(TextBuffer& text, const DecisionLog::Event& event);

}  // namespace esc::core
