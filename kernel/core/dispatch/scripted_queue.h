// Plugins for tests of dispatch: one that writes down what core tells it, and variations that misbehave in one way each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/base/format.h"
#include "kernel/base/units.h"
#include "kernel/core/sched_api/descriptor.h"
#include "kernel/core/sched_api/ready_list.h"
#include "kernel/core/sched_api/run_queue.h"
#include "kernel/core/sched_api/thread.h"

namespace esc::core {

inline std::vector<std::string> events;  // of the queues below, which no test can reach by other means

inline std::string NameOf(sched::EnqueueReason reason) {
  switch (reason) {
    case sched::EnqueueReason::kNew: return "new";
    case sched::EnqueueReason::kWoken: return "woken";
    case sched::EnqueueReason::kPreempted: return "preempted";
    case sched::EnqueueReason::kYielded: return "yielded";
    case sched::EnqueueReason::kSliceExpired: return "slice";
    case sched::EnqueueReason::kMigrated: return "migrated";
    case sched::EnqueueReason::kChanged: return "changed";
    case sched::EnqueueReason::kHandedOver: return "handed over";
  }
  return "?";
}

// First in, first out, which writes down what core tells it; a woken thread of a higher level preempts.
class ScriptedQueue : public sched::RunQueue {
 public:
  static inline std::optional<Nanos> slice;
  static inline int picks_until_broken = -1;

  explicit ScriptedQueue(const sched::QueueConfig&) {}
  void CpuOnline(CpuId cpu, Nanos) override { events.push_back("cpu " + std::to_string(cpu.value)); }
  void InitThread(sched::Thread& thread, Nanos) override { Note("init", thread); }
  void ExitThread(sched::Thread& thread, Nanos) override { Note("exit", thread); }
  void Forked(sched::Thread& child, const sched::Thread& parent, Nanos) override {
    Note("forked by " + std::to_string(parent.id().value), child);
  }
  void Enqueue(sched::Thread& thread, sched::EnqueueReason reason, Nanos) override {
    Note(NameOf(reason), thread);
    if (thread.parameters().priority == sched::PriorityLevel::kHigh) return ready_.push_front(thread);
    ready_.push_back(thread);
  }
  void Dequeue(sched::Thread& thread, sched::DequeueReason, Nanos) override {
    Note("dequeue", thread);
    ready_.remove(thread);
  }
  sched::Thread* PickNext(CpuId, Nanos) override {
    if (picks_until_broken >= 0 && picks_until_broken-- == 0) return reinterpret_cast<sched::Thread*>(0x1000);
    return ready_.pop_front();
  }
  void Charge(sched::Thread& thread, Nanos ran, Nanos) override { Note("ran " + std::to_string(ran.value), thread); }
  std::optional<Nanos> TimeSlice(const sched::Thread&, Nanos) override { return slice; }
  bool ShouldPreempt(const sched::Thread& current, const sched::Thread& woken, Nanos) override {
    return woken.parameters().priority > current.parameters().priority;
  }
  void ParametersChanged(sched::Thread& thread, const sched::Parameters&, Nanos) override { Note("parameters", thread); }
  void Inherit(sched::Thread& thread, const sched::Thread* donor, Nanos) override {
    Note(donor != nullptr ? "inherits from " + std::to_string(donor->id().value) : "is itself again", thread);
  }
  void Dump(TextBuffer& text) const override { text.Append("scripted queue\n"); }

 private:
  static void Note(const std::string& what, const sched::Thread& thread) {
    events.push_back(std::to_string(thread.id().value) + " " + what);
  }
  sched::ReadyList ready_;
};

inline constexpr sched::Descriptor kScripted = sched::DescribeQueue<ScriptedQueue, int>({
    .name = "scripted",
    .capabilities = sched::Capability::kPriorities | sched::Capability::kPreemption,
});

class UrgentQueue : public ScriptedQueue {
 public:
  using ScriptedQueue::ScriptedQueue;
  bool Accepts(const sched::Thread& thread) const override {
    return thread.parameters().priority == sched::PriorityLevel::kRealTime;
  }
};
inline constexpr sched::Descriptor kUrgent = sched::DescribeQueue<UrgentQueue, int>({
    .name = "urgent",
    .capabilities = sched::Capability::kPriorities,
});

// The newest first, for ever, which is against the bound that it states.
class NewestFirst : public ScriptedQueue {
 public:
  using ScriptedQueue::ScriptedQueue;
  void Enqueue(sched::Thread& thread, sched::EnqueueReason, Nanos) override { newest_.push_front(thread); }
  void Dequeue(sched::Thread& thread, sched::DequeueReason, Nanos) override { newest_.remove(thread); }
  sched::Thread* PickNext(CpuId, Nanos) override { return newest_.pop_front(); }

 private:
  sched::ReadyList newest_;
};
inline constexpr sched::Descriptor kNewestFirst = sched::DescribeQueue<NewestFirst, int>({
    .name = "newest_first",
    .guarantees = {.starvation_bound = [](std::span<const std::uint64_t>, Nanos slice, std::uint32_t threads) {
      return slice * threads;
    }},
});

// Has nobody run before its budget is there.
class RefilledQueue : public ScriptedQueue {
 public:
  static constexpr Nanos kRefill{50000};
  using ScriptedQueue::ScriptedQueue;
  sched::Thread* PickNext(CpuId cpu, Nanos now) override {
    return now < kRefill ? nullptr : ScriptedQueue::PickNext(cpu, now);
  }
  Nanos NextTimer(Nanos now) override { return now < kRefill ? kRefill : Nanos::Max(); }
};
inline constexpr sched::Descriptor kRefilled = sched::DescribeQueue<RefilledQueue, int>({
    .name = "refilled",
    .capabilities = sched::Capability::kBudgets,
});
static_assert(kRefilled.has_timers && !kScripted.has_timers);

// Lets whoever runs go on for ever.
class EndlessQueue final : public ScriptedQueue {
 public:
  using ScriptedQueue::ScriptedQueue;
  std::optional<Nanos> TimeSlice(const sched::Thread&, Nanos) override { return std::nullopt; }
  sched::TickDecision Tick(sched::Thread&, Nanos) override { return sched::TickDecision::kKeepRunning; }
};

class RestlessQueue final : public ScriptedQueue {
 public:
  using ScriptedQueue::ScriptedQueue;
  static inline int ticks = 0;
  sched::TickDecision Tick(sched::Thread&, Nanos) override {
    ++ticks;
    return sched::TickDecision::kKeepRunning;
  }
  Nanos NextTimer(Nanos now) override { return now + Nanos{1}; }
};

}  // namespace esc::core
