#include "kernel/sched_plugins/priority/priority.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "kernel/base/format.h"
#include "kernel/base/units.h"
#include "kernel/core/sched_api/ready_list.h"
#include "kernel/core/sched_api/run_queue.h"
#include "kernel/core/sched_api/thread.h"

namespace esc::sched::priority {
namespace {

enum Parameter : std::size_t { kSliceUs, kAgingUs };
constexpr std::array<ParameterSpec, 2> kParameters = {{
    {.name = "slice_us", .field = 1, .default_value = 0, .minimum = 100, .maximum = 10'000'000, .unit = "us"},
    {.name = "aging_us",
     .field = 2,
     .default_value = 250'000,
     .minimum = 1'000,
     .maximum = 3'600'000'000,
     .unit = "us"},
}};
constexpr std::size_t kTop = kPriorityLevels - 1;

Nanos SliceOf(std::span<const std::uint64_t> parameters, Nanos configured) {
  const std::uint64_t us = parameters[kSliceUs];
  return us == 0 ? configured : Nanos::Micros(static_cast<std::int64_t>(us));
}

Nanos AgingOf(std::span<const std::uint64_t> parameters) {
  return Nanos::Micros(static_cast<std::int64_t>(parameters[kAgingUs]));
}

// A thread rises through four levels; each step is seen at the next pick, which is a slice away at most. At the
// top it waits for one turn of each of the others.
Nanos StarvationBound(std::span<const std::uint64_t> parameters, Nanos configured, std::uint32_t threads) {
  const Nanos slice = SliceOf(parameters, configured);
  return (AgingOf(parameters) + slice) * kTop + slice * threads;
}

// Equals stay in the order of their turns, also while they rise, so no one is more than a turn ahead.
Nanos FairnessError(std::span<const std::uint64_t> parameters, Nanos configured, std::uint32_t) {
  return SliceOf(parameters, configured);
}

struct State {
  std::size_t level = 0;  // at which it waits or runs: its own, or higher by aging
  Nanos since{};          // when it came to this level
  Nanos used{};           // of the slice that its turn gave it
};

std::size_t OwnLevel(const Thread& thread) { return static_cast<std::size_t>(thread.parameters().priority); }

// One list a level. Invariant: within a list `since` never falls from front to back, so only the front can be
// due to rise, and a rise costs constant time.
class Queue final : public RunQueue {
 public:
  explicit Queue(const QueueConfig& config)
      : slice_(SliceOf(config.parameters, config.time_slice)), aging_(AgingOf(config.parameters)) {}

  void InitThread(Thread& thread, Nanos) override { new (thread.raw_state()) State{.level = OwnLevel(thread)}; }

  void Enqueue(Thread& thread, EnqueueReason reason, Nanos now) override {
    State& state = thread.state<State>();
    if (reason == EnqueueReason::kPreempted && state.used < slice_) return ResumeTurn(thread, state, now);
    // A thread that only changes its queue keeps the level that it has waited for.
    if (reason != EnqueueReason::kMigrated) state.level = OwnLevel(thread);
    state.used = {};
    PushBack(thread, state, now);
  }

  void Dequeue(Thread& thread, DequeueReason, Nanos) override { ready_[thread.state<State>().level].remove(thread); }

  Thread* PickNext(CpuId cpu, Nanos now) override {
    Age(now);
    for (std::size_t level = kPriorityLevels; level-- > 0;) {
      if (Thread* thread = TakeFirstFor(ready_[level], cpu)) return thread;
    }
    return nullptr;
  }

  void Charge(Thread& thread, Nanos ran, Nanos) override { thread.state<State>().used += ran; }

  TickDecision Tick(Thread& current, Nanos) override {
    return current.state<State>().used < slice_ ? TickDecision::kKeepRunning : TickDecision::kReschedule;
  }

  std::optional<Nanos> TimeSlice(const Thread& thread, Nanos) override {
    const Nanos used = thread.state<State>().used;
    return used < slice_ ? slice_ - used : slice_;
  }

  bool ShouldPreempt(const Thread& current, const Thread& woken, Nanos) override {
    return woken.state<State>().level > current.state<State>().level;
  }

  Thread* StealCandidate(CpuId thief, Nanos) override {
    for (std::size_t level = kPriorityLevels; level-- > 0;) {
      if (Thread* thread = FirstFor(ready_[level], thief)) return thread;
    }
    return nullptr;
  }

  // The thread runs or blocks now: a new level, its own or inherited, counts from this moment, and what it
  // gained by aging ends.
  void ParametersChanged(Thread& thread, const Parameters&, Nanos) override {
    thread.state<State>().level = OwnLevel(thread);
  }
  void Inherit(Thread& holder, const Thread*, Nanos) override { holder.state<State>().level = OwnLevel(holder); }

  void Dump(TextBuffer& out) const override {
    out.Format("ready from idle to real-time: {} {} {} {} {}, slice {} us, aging {} us", ready_[0].size(),
               ready_[1].size(), ready_[2].size(), ready_[3].size(), ready_[4].size(), slice_.value / 1000,
               aging_.value / 1000);
  }

 private:
  // Back to the front, at the level it ran at, with the rest of its slice. It takes over the front's `since`,
  // for the invariant; that makes it rise too early at worst, together with the one behind it.
  void ResumeTurn(Thread& thread, State& state, Nanos now) {
    ReadyList& list = ready_[state.level];
    state.since = list.empty() ? now : std::min(now, list.front().state<State>().since);
    list.push_front(thread);
  }

  void PushBack(Thread& thread, State& state, Nanos since) {
    ReadyList& list = ready_[state.level];
    state.since = list.empty() ? since : std::max(since, list.back().state<State>().since);
    list.push_back(thread);
  }

  // From the top down, so that a thread rises by one level at most in a pass: it must wait at each.
  void Age(Nanos now) {
    for (std::size_t level = kTop; level-- > 0;) {
      ReadyList& list = ready_[level];
      while (!list.empty() && list.front().state<State>().since + aging_ <= now) {
        Thread& thread = *list.pop_front();
        State& state = thread.state<State>();
        state.level = level + 1;
        PushBack(thread, state, state.since + aging_);
      }
    }
  }

  const Nanos slice_;
  const Nanos aging_;
  std::array<ReadyList, kPriorityLevels> ready_;
};

}  // namespace

// Linear, since all that wait may be due to rise at once; every rise is paid for by an aging period of waiting.
constinit const Descriptor kDescriptor = DescribeQueue<Queue, State>({
    .name = "priority",
    .summary = "five levels, preemptive; round robin within a level, aging against starvation",
    .topology = Topology::kPerCpu,
    .capabilities =
        Capability::kPriorities | Capability::kPreemption | Capability::kInheritance | Capability::kStealing,
    .parameter_message = "escapement.sched.PriorityParameters",
    .parameters = kParameters,
    .guarantees = {.complexity = Complexity::kLinear,
                   .starvation_bound = StarvationBound,
                   .fairness_error = FairnessError},
});

}  // namespace esc::sched::priority
