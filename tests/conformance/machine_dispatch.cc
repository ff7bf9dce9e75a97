// The half of Machine that stands for core's dispatcher: placing, picking, preempting, stealing, ticking.
#include <algorithm>
#include <string>

#include "kernel/base/intrusive_list.h"
#include "kernel/core/sched_api/thread_access.h"
#include "tests/conformance/machine.h"

namespace esc::conformance {
namespace {

using sched::DequeueReason;
using sched::EnqueueReason;
using sched::ThreadAccess;
using sched::TickDecision;
using sched::Verdict;

std::string OnCpu(std::uint32_t cpu) { return " on CPU " + std::to_string(cpu); }

}  // namespace

void Machine::Put(SimThread& thread, std::size_t queue, EnqueueReason reason) {
  if (finding_) return;
  thread.state = ThreadState::kReady;
  thread.queue = queue;
  thread.ready_since = now_;
  thread.rivals = 0;
  ++queues_[queue].held;
  queues_[queue].run_queue->Enqueue(thread.thread, reason, now_);
}

void Machine::Take(SimThread& thread, DequeueReason reason) {
  if (finding_) return;
  --queues_[thread.queue].held;
  queues_[thread.queue].run_queue->Dequeue(thread.thread, reason, now_);
  CheckUnlinked(thread);
  thread.state = ThreadState::kBlocked;
}

// A plugin that gave the thread away must not have it in a list of its own.
void Machine::CheckUnlinked(SimThread& thread) {
  if (!static_cast<ListHook<sched::QueueTag>&>(thread.thread).linked()) return;
  Report(Verdict::kNotQueued, "thread " + std::to_string(thread.number) + " is still linked by its hook");
}

void Machine::Place(SimThread& thread, EnqueueReason reason) {
  const std::uint32_t cpu = ChooseCpu(thread);
  Put(thread, QueueIndex(cpu), reason);
  KickFor(thread, cpu);
}

std::uint32_t Machine::ChooseCpu(SimThread& thread) {
  const CpuSet allowed = thread.thread.affinity() & MachineCpus();
  const CpuId last = thread.thread.last_cpu();
  const std::uint32_t asked = allowed.Contains(last) ? last.value : allowed.First().value;
  const CpuId hint = QueueOf(asked).SelectCpu(thread.thread, allowed, now_);
  if (hint != kNoCpu) {
    Note(hint.value);
    if (!allowed.Contains(hint)) {
      Report(Verdict::kBadCpu, "SelectCpu named CPU " + std::to_string(hint.value));
      return asked;
    }
    if (!Passed(options_.decline_one_in)) return hint.value;
  }
  for (std::uint32_t cpu = 0; cpu < cpus_.size(); ++cpu) {
    if (allowed.Contains(CpuId{cpu}) && !cpus_[cpu].current) return cpu;
  }
  return asked;
}

// After `thread` came to the queue of `cpu`: an idle CPU takes it at once, else the plugin says whether it is
// worth a preemption.
void Machine::KickFor(SimThread& thread, std::uint32_t cpu) {
  if (finding_) return;
  FillIdleCpus();
  if (thread.state != ThreadState::kReady) return;
  const CpuSet candidates = queues_[QueueIndex(cpu)].cpus & thread.thread.affinity();
  for (std::uint32_t target = 0; target < cpus_.size() && !finding_; ++target) {
    if (!candidates.Contains(CpuId{target}) || !cpus_[target].current) continue;
    Charge(target);
    const bool preempt = QueueOf(target).ShouldPreempt(threads_[*cpus_[target].current]->thread, thread.thread, now_);
    Note(preempt);
    if (!preempt || Passed(options_.decline_one_in)) continue;
    StopRunning(target, EnqueueReason::kPreempted);
    Schedule(target);
    return;
  }
}

void Machine::FillIdleCpus() {
  for (std::uint32_t cpu = 0; cpu < cpus_.size() && !finding_; ++cpu) {
    if (!cpus_[cpu].current) Schedule(cpu);
  }
}

void Machine::Charge(std::uint32_t cpu) {
  Cpu& at = cpus_[cpu];
  if (!at.current || finding_) return;
  sched::Thread& thread = threads_[*at.current]->thread;
  const Nanos ran = now_ - at.charged_until;
  at.charged_until = now_;
  ThreadAccess::AddRuntime(thread, ran);
  QueueOf(cpu).Charge(thread, ran, now_);
}

Machine::SimThread* Machine::StopRunning(std::uint32_t cpu, std::optional<EnqueueReason> back) {
  if (!cpus_[cpu].current || finding_) return nullptr;
  Charge(cpu);
  SimThread& thread = *threads_[*cpus_[cpu].current];
  cpus_[cpu].current.reset();
  cpus_[cpu].slice_end = Nanos::Max();
  thread.state = ThreadState::kBlocked;
  thread.queue = QueueIndex(cpu);
  if (back) Put(thread, QueueIndex(cpu), *back);
  return &thread;
}

void Machine::Schedule(std::uint32_t cpu) {
  if (finding_) return;
  sched::Thread* const picked = QueueOf(cpu).PickNext(CpuId{cpu}, now_);
  const Verdict verdict = JudgePick(picked, cpu);
  if (verdict != Verdict::kAccepted) {
    return Report(verdict, "PickNext" + OnCpu(cpu) + " after the picks " + picks_);
  }
  if (picked != nullptr) return StartRunning(cpu, *Find(picked));
  Note(~std::uint64_t{0});
  if (!shared_ && Steal(cpu)) Schedule(cpu);
}

bool Machine::Steal(std::uint32_t thief) {
  for (std::size_t from = 0; from < queues_.size() && !finding_; ++from) {
    if (from == QueueIndex(thief)) continue;
    const sched::Thread* const candidate = queues_[from].run_queue->StealCandidate(CpuId{thief}, now_);
    if (candidate == nullptr) continue;
    SimThread* const thread = Find(candidate);
    if (thread == nullptr || thread->state != ThreadState::kReady || thread->queue != from ||
        !candidate->affinity().Contains(CpuId{thief})) {
      Report(Verdict::kWrongCandidate, "StealCandidate for CPU " + std::to_string(thief));
      return false;
    }
    Note(thread->number);
    if (Passed(options_.decline_one_in)) continue;
    Take(*thread, DequeueReason::kStolen);
    Put(*thread, QueueIndex(thief), EnqueueReason::kMigrated);
    return true;
  }
  return false;
}

void Machine::StartRunning(std::uint32_t cpu, SimThread& thread) {
  Note(thread.number << 8 | cpu);
  if (picks_.size() < 4096) picks_ += static_cast<char>('A' + thread.number % 26);
  CheckUnlinked(thread);
  --queues_[thread.queue].held;
  thread.longest_wait = std::max(thread.longest_wait, now_ - thread.ready_since);
  thread.state = ThreadState::kRunning;
  ThreadAccess::SetLastCpu(thread.thread, CpuId{cpu});
  cpus_[cpu].current = thread.number;
  cpus_[cpu].charged_until = now_;
  if (!finding_) AskSlice(cpu);
}

void Machine::AskSlice(std::uint32_t cpu) {
  const std::optional<Nanos> slice = QueueOf(cpu).TimeSlice(threads_[*cpus_[cpu].current]->thread, now_);
  cpus_[cpu].slice_end = Nanos::Max();
  if (!slice) return;
  Note(static_cast<std::uint64_t>(slice->value));
  if (slice->value < 0) return Report(Verdict::kBadSlice, "TimeSlice gave " + std::to_string(slice->value) + " ns");
  const Nanos length = *slice == sched::RunQueue::kConfiguredSlice ? options_.time_slice : *slice;
  // A slice so long that the clock would wrap is no limit.
  if (length < Nanos::Max() - now_) cpus_[cpu].slice_end = now_ + length;
}

void Machine::TickOn(std::uint32_t cpu) {
  if (!cpus_[cpu].current || finding_) return;
  Charge(cpu);
  const TickDecision decision = QueueOf(cpu).Tick(threads_[*cpus_[cpu].current]->thread, now_);
  Note(static_cast<std::uint64_t>(decision));
  if (decision == TickDecision::kKeepRunning) return AskSlice(cpu);
  StopRunning(cpu, EnqueueReason::kSliceExpired);
  Schedule(cpu);
}

void Machine::RunTimers() {
  for (Queue& queue : queues_) {
    if (finding_ || queue.timer > now_) continue;
    queue.run_queue->TimerExpired(now_);
    queue.timer = queue.run_queue->NextTimer(now_);
    if (queue.timer <= now_) return Report("bad_timer", "NextTimer names a time that is not in the future");
    for (std::uint32_t cpu = 0; cpu < cpus_.size(); ++cpu) {
      if (queue.cpus.Contains(CpuId{cpu})) TickOn(cpu);
    }
    FillIdleCpus();
  }
}

Machine::SimThread* Machine::Find(const sched::Thread* thread) const {
  for (const auto& known : threads_) {
    if (&known->thread == thread) return known.get();
  }
  return nullptr;
}

Verdict Machine::JudgePick(const sched::Thread* picked, std::uint32_t cpu) const {
  if (picked == nullptr) return HoldsWorkFor(cpu) && !Throttled(cpu) ? Verdict::kLostThreads : Verdict::kAccepted;
  const SimThread* const thread = Find(picked);
  if (thread == nullptr) return Verdict::kForeignThread;
  if (thread->state == ThreadState::kRunning) return Verdict::kRunningElsewhere;
  if (thread->state != ThreadState::kReady) return Verdict::kNotRunnable;
  if (thread->queue != QueueIndex(cpu)) return Verdict::kNotQueued;
  if (!picked->affinity().Contains(CpuId{cpu})) return Verdict::kWrongCpu;
  return Verdict::kAccepted;
}

bool Machine::Throttled(std::uint32_t cpu) const {
  return Has(descriptor_.capabilities, sched::Capability::kBudgets) &&
         queues_[QueueIndex(cpu)].run_queue->NextTimer(now_) != Nanos::Max();
}

bool Machine::HoldsWorkFor(std::uint32_t cpu) const {
  return std::any_of(threads_.begin(), threads_.end(), [&](const auto& thread) {
    return thread->state == ThreadState::kReady && thread->queue == QueueIndex(cpu) &&
           thread->thread.affinity().Contains(CpuId{cpu});
  });
}

}  // namespace esc::conformance
