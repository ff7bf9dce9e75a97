#include "kernel/sched_plugins/mlfq/mlfq.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "kernel/base/format.h"
#include "kernel/base/units.h"
#include "kernel/core/sched_api/ready_list.h"
#include "kernel/core/sched_api/run_queue.h"
#include "kernel/core/sched_api/thread.h"

namespace esc::sched::mlfq {
namespace {

enum Parameter : std::size_t { kLevels, kBaseSliceUs, kSliceFactor, kBoostUs };
constexpr std::array<ParameterSpec, 4> kParameters = {{
    {.name = "levels", .field = 1, .default_value = 4, .minimum = 2, .maximum = 8, .unit = "levels"},
    {.name = "base_slice_us", .field = 2, .default_value = 4'000, .minimum = 100, .maximum = 1'000'000, .unit = "us"},
    {.name = "slice_factor", .field = 3, .default_value = 2, .minimum = 1, .maximum = 8, .unit = ""},
    {.name = "boost_us", .field = 4, .default_value = 500'000, .minimum = 1'000, .maximum = 60'000'000, .unit = "us"},
}};
constexpr std::size_t kMaxLevels = kParameters[kLevels].maximum;
constexpr std::uint64_t kLongestSliceUs = 10'000'000;

// Cannot overflow: at most 1 s * 8^7.
std::uint64_t SliceUs(std::span<const std::uint64_t> parameters, std::size_t level) {
  std::uint64_t us = parameters[kBaseSliceUs];
  for (std::size_t i = 0; i < level; ++i) us *= parameters[kSliceFactor];
  return us;
}
std::uint64_t LowestSliceUs(std::span<const std::uint64_t> parameters) {
  return SliceUs(parameters, parameters[kLevels] - 1);
}

Status CheckParameters(std::span<const std::uint64_t> parameters, TextBuffer& message) {
  const std::uint64_t lowest = LowestSliceUs(parameters);
  if (lowest > kLongestSliceUs) {
    message.Format("base_slice_us {} times slice_factor {} at each of {} levels gives a slice of {} us; at most {} us",
                   parameters[kBaseSliceUs], parameters[kSliceFactor], parameters[kLevels], lowest, kLongestSliceUs);
    return Status::kOutOfRange;
  }
  if (parameters[kBoostUs] < lowest) {
    message.Format("boost_us is {}; at least {}, the slice of the lowest level", parameters[kBoostUs], lowest);
    return Status::kOutOfRange;
  }
  return Status::kOk;
}

// The next boost, the slice that runs across it, and then one top slice for each of the others.
Nanos StarvationBound(std::span<const std::uint64_t> parameters, Nanos, std::uint32_t threads) {
  return Nanos::Micros(
      static_cast<std::int64_t>(parameters[kBoostUs] + LowestSliceUs(parameters) + parameters[kBaseSliceUs] * threads));
}

struct State {
  std::size_t level = 0;   // 0 is the top
  Nanos used{};            // CPU time at this level, over any number of turns
  std::int64_t epoch = 0;  // the boost period that the two above belong to
};

// One list a level. A thread goes down when the CPU time it has used at its level reaches the level's slice,
// in one turn or in many: stopping just before the end of a slice gains nothing. At each multiple of the boost
// period all threads are back at the top with nothing used. That costs constant time: the lists are joined, and
// a thread whose `epoch` is not the current one counts as being at the top. A turn that runs across a boost goes on as
// it began, and then the thread is behind all the others: threads that never block keep the order of their turns, and
// it is not always the same one that gets the longer turn at the end of a period.
class Queue final : public RunQueue {
 public:
  explicit Queue(const QueueConfig& config)
      : levels_(config.parameters[kLevels]),
        boost_(Nanos::Micros(static_cast<std::int64_t>(config.parameters[kBoostUs]))) {
    for (std::size_t level = 0; level < levels_; ++level) {
      slices_[level] = Nanos::Micros(static_cast<std::int64_t>(SliceUs(config.parameters, level)));
    }
  }

  void InitThread(Thread& thread, Nanos now) override { new (thread.raw_state()) State{.epoch = EpochOf(now)}; }

  // A program does not get back to the top by letting its children do the work.
  void Forked(Thread& child, const Thread& parent, Nanos now) override { child.state<State>() = Current(parent, now); }

  void Enqueue(Thread& thread, EnqueueReason reason, Nanos now) override {
    const bool boosted = thread.state<State>().epoch != EpochOf(now);
    State& state = Refresh(thread, now);
    const bool turn_over = boosted || state.used >= slices_[state.level];
    if (turn_over && !boosted) {
      state.level = std::min(state.level + 1, levels_ - 1);
      state.used = {};
    }
    if (reason == EnqueueReason::kPreempted && !turn_over) {
      ready_[state.level].push_front(thread);
    } else {
      ready_[state.level].push_back(thread);
    }
  }

  void Dequeue(Thread& thread, DequeueReason, Nanos now) override { ready_[Refresh(thread, now).level].remove(thread); }

  Thread* PickNext(CpuId cpu, Nanos now) override {
    Boost(now);
    for (std::size_t level = 0; level < levels_; ++level) {
      Thread* const thread = TakeFirstFor(ready_[level], cpu);
      if (thread == nullptr) continue;
      Refresh(*thread, now);
      return thread;
    }
    return nullptr;
  }

  // In these four the state of the running thread is that of its turn, whatever boost has come since.
  void Charge(Thread& thread, Nanos ran, Nanos) override { thread.state<State>().used += ran; }

  TickDecision Tick(Thread& current, Nanos) override {
    const State& turn = current.state<State>();
    return turn.used < slices_[turn.level] ? TickDecision::kKeepRunning : TickDecision::kReschedule;
  }

  std::optional<Nanos> TimeSlice(const Thread& thread, Nanos) override {
    const State& turn = thread.state<State>();
    const Nanos slice = slices_[turn.level];
    return turn.used < slice ? slice - turn.used : slice;
  }

  bool ShouldPreempt(const Thread& current, const Thread& woken, Nanos now) override {
    return Current(woken, now).level < current.state<State>().level;
  }

  Thread* StealCandidate(CpuId thief, Nanos now) override {
    Boost(now);
    for (std::size_t level = 0; level < levels_; ++level) {
      if (Thread* thread = FirstFor(ready_[level], thief)) return thread;
    }
    return nullptr;
  }

  void Dump(TextBuffer& out) const override {
    out.Format("{} levels", levels_);
    for (std::size_t level = 0; level < levels_; ++level) {
      out.Format("; {} us: {} ready", slices_[level].value / 1000, ready_[level].size());
    }
  }

 private:
  // The absolute clock's periods, so that all queues boost at the same time and a thread can change its queue.
  // `now` never goes back on a queue, so the division is for the first event of a period only.
  std::int64_t EpochOf(Nanos now) const { return now < epoch_end_ ? epoch_ : now.value / boost_.value; }

  State Current(const Thread& thread, Nanos now) const {
    const State& state = thread.state<State>();
    const std::int64_t epoch = EpochOf(now);
    return state.epoch == epoch ? state : State{.epoch = epoch};
  }

  State& Refresh(Thread& thread, Nanos now) {
    Boost(now);
    return thread.state<State>() = Current(thread, now);
  }

  void Boost(Nanos now) {
    const std::int64_t epoch = EpochOf(now);
    if (epoch == epoch_) return;
    epoch_ = epoch;
    epoch_end_ = boost_ * (epoch + 1);
    for (std::size_t level = 1; level < levels_; ++level) ready_[0].splice_back(ready_[level]);
  }

  const std::size_t levels_;
  const Nanos boost_;
  std::array<Nanos, kMaxLevels> slices_{};
  std::array<ReadyList, kMaxLevels> ready_;
  std::int64_t epoch_ = 0;
  Nanos epoch_end_ = boost_;
};

}  // namespace

// No fairness bound: equals that never block take turns in one order for ever, but how long a turn is depends on how far
// all have sunk when the next boost comes, and that on what else runs.
constinit const Descriptor kDescriptor = DescribeQueue<Queue, State>({
    .name = "mlfq",
    .summary = "multi-level feedback: slices grow and threads sink with the CPU time they use; periodic boost",
    .topology = Topology::kPerCpu,
    .capabilities = Capability::kPreemption | Capability::kStealing,
    .parameter_message = "escapement.sched.MlfqParameters",
    .parameters = kParameters,
    .guarantees = {.complexity = Complexity::kConstant, .starvation_bound = StarvationBound},
    .check_parameters = CheckParameters,
});

}  // namespace esc::sched::mlfq
