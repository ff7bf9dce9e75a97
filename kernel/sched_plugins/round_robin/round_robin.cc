#include "kernel/sched_plugins/round_robin/round_robin.h"

#include <array>
#include <optional>
#include <span>

#include "kernel/base/format.h"
#include "kernel/base/units.h"
#include "kernel/core/sched_api/ready_list.h"
#include "kernel/core/sched_api/run_queue.h"
#include "kernel/core/sched_api/thread.h"

namespace esc::sched::round_robin {
namespace {

enum Parameter : std::size_t { kSliceUs };
constexpr std::array<ParameterSpec, 1> kParameters = {{
    {.name = "slice_us", .field = 1, .default_value = 0, .minimum = 100, .maximum = 10'000'000, .unit = "us"},
}};

Nanos SliceOf(std::span<const std::uint64_t> parameters, Nanos configured) {
  const std::uint64_t us = parameters[kSliceUs];
  return us == 0 ? configured : Nanos::Micros(static_cast<std::int64_t>(us));
}

// Each of the others may be ahead, and uses a slice at most.
Nanos StarvationBound(std::span<const std::uint64_t> parameters, Nanos configured, std::uint32_t threads) {
  return SliceOf(parameters, configured) * threads;
}

// Between two turns of one thread every other one has exactly one.
Nanos FairnessError(std::span<const std::uint64_t> parameters, Nanos configured, std::uint32_t) {
  return SliceOf(parameters, configured);
}

struct State {
  Nanos used{};  // of the slice that its turn gave it
};

// The ready threads in the order of their turns. A thread that a higher layer preempted is at the front with
// what is left of its slice, so its turn goes on; everybody else comes to the back with a whole one.
class Queue final : public RunQueue {
 public:
  explicit Queue(const QueueConfig& config) : slice_(SliceOf(config.parameters, config.time_slice)) {}

  void InitThread(Thread& thread, Nanos) override { new (thread.raw_state()) State; }

  void Enqueue(Thread& thread, EnqueueReason reason, Nanos) override {
    State& state = thread.state<State>();
    if (reason == EnqueueReason::kPreempted && state.used < slice_) {
      ready_.push_front(thread);
      return;
    }
    state.used = {};
    ready_.push_back(thread);
  }

  void Dequeue(Thread& thread, DequeueReason, Nanos) override { ready_.remove(thread); }

  Thread* PickNext(CpuId cpu, Nanos) override { return TakeFirstFor(ready_, cpu); }

  void Charge(Thread& thread, Nanos ran, Nanos) override { thread.state<State>().used += ran; }

  TickDecision Tick(Thread& current, Nanos) override {
    return current.state<State>().used < slice_ ? TickDecision::kKeepRunning : TickDecision::kReschedule;
  }

  // Never 0: Enqueue gives a new slice to whoever has used one up, and Tick ends it.
  std::optional<Nanos> TimeSlice(const Thread& thread, Nanos) override {
    const Nanos used = thread.state<State>().used;
    return used < slice_ ? slice_ - used : slice_;
  }

  Thread* StealCandidate(CpuId thief, Nanos) override { return FirstFor(ready_, thief); }

  void Dump(TextBuffer& out) const override { out.Format("{} ready, slice {} us", ready_.size(), slice_.value / 1000); }

 private:
  const Nanos slice_;
  ReadyList ready_;
};

}  // namespace

constinit const Descriptor kDescriptor = DescribeQueue<Queue, State>({
    .name = "round_robin",
    .summary = "every ready thread in turn, each for one time slice",
    .topology = Topology::kPerCpu,
    .capabilities = Capability::kPreemption | Capability::kStealing,
    .parameter_message = "escapement.sched.RoundRobinParameters",
    .parameters = kParameters,
    .guarantees = {.complexity = Complexity::kConstant,
                   .starvation_bound = StarvationBound,
                   .fairness_error = FairnessError},
});

}  // namespace esc::sched::round_robin
