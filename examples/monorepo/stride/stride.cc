#include "stride/stride.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "kernel/base/format.h"
#include "kernel/base/units.h"
#include "kernel/core/sched_api/ready_list.h"
#include "kernel/core/sched_api/run_queue.h"
#include "kernel/core/sched_api/thread.h"

namespace example::stride {
namespace {

using esc::CpuId;
using esc::Nanos;
namespace sched = esc::sched;

constexpr std::array<sched::ParameterSpec, 1> kParameters = {{
    {.name = "slice_us", .field = 1, .default_value = 5000, .minimum = 100, .maximum = 1'000'000, .unit = "us"},
}};

Nanos SliceOf(std::span<const std::uint64_t> parameters) {
  return Nanos::Micros(static_cast<std::int64_t>(parameters[0]));
}

// Weights count from a quarter to four times the usual 1024, or the lightest thread could wait without bound.
constexpr std::uint32_t kLeastWeight = 256;
constexpr std::uint32_t kMostWeight = 4096;

// The lightest thread lines up four slices of virtual time behind the next one. In that time the heaviest run for 16 slices
// each, and for one more when something above this queue has interrupted them; who comes later lines up like the others.
Nanos StarvationBound(std::span<const std::uint64_t> parameters, Nanos, std::uint32_t threads) {
  return SliceOf(parameters) * (kMostWeight / kLeastWeight + 1) * threads;
}
Nanos FairnessError(std::span<const std::uint64_t> parameters, Nanos, std::uint32_t) { return SliceOf(parameters) * 2; }

// Virtual time that the thread has used: real time, divided by its weight.
struct State {
  std::int64_t pass = 0;
};

// Ready threads in the order of their pass; the least is next. Enqueue is linear in the queue's length.
class Queue final : public sched::RunQueue {
 public:
  explicit Queue(const sched::QueueConfig& config) : slice_(SliceOf(config.parameters)) {}

  void InitThread(sched::Thread& thread, Nanos) override { new (thread.raw_state()) State; }

  void Enqueue(sched::Thread& thread, sched::EnqueueReason reason, Nanos) override {
    std::int64_t& pass = thread.state<State>().pass;
    const std::int64_t end = now_pass_ + Stride(thread, slice_);
    const bool goes_on = reason == sched::EnqueueReason::kPreempted || reason == sched::EnqueueReason::kSliceExpired ||
                         reason == sched::EnqueueReason::kChanged;
    // Who slept or comes from elsewhere saves nothing up, and a stream of newcomers overtakes nobody.
    pass = goes_on ? std::clamp(pass, now_pass_, end) : end;
    for (sched::Thread& other : ready_) {
      if (other.state<State>().pass > pass) return ready_.insert_before(other, thread);
    }
    ready_.push_back(thread);
  }

  void Dequeue(sched::Thread& thread, sched::DequeueReason, Nanos) override { ready_.remove(thread); }

  sched::Thread* PickNext(CpuId cpu, Nanos) override {
    sched::Thread* next = sched::TakeFirstFor(ready_, cpu);
    if (next != nullptr) now_pass_ = std::max(now_pass_, next->state<State>().pass);
    return next;
  }

  void Charge(sched::Thread& thread, Nanos ran, Nanos) override {
    thread.state<State>().pass += Stride(thread, ran);
  }

  std::optional<Nanos> TimeSlice(const sched::Thread&, Nanos) override { return slice_; }

  void Dump(esc::TextBuffer& text) const override {
    text.Format("{} ready, slice {} us, pass {}", ready_.size(), slice_.value / 1000, now_pass_);
  }

 private:
  static std::int64_t Stride(const sched::Thread& thread, Nanos ran) {
    return ran.value * 1024 / std::clamp(thread.parameters().weight, kLeastWeight, kMostWeight);
  }

  const Nanos slice_;
  std::int64_t now_pass_ = 0;  // of the thread picked last: never goes back
  sched::ReadyList ready_;
};

}  // namespace

constinit const sched::Descriptor kDescriptor = sched::DescribeQueue<Queue, State>({
    .name = "stride",
    .summary = "CPU time in proportion to weights, by strides",
    .topology = sched::Topology::kPerCpu,
    .capabilities = sched::Capability::kWeights | sched::Capability::kPreemption,
    .parameter_message = "example.stride.StrideParameters",
    .parameters = kParameters,
    .guarantees = {.complexity = sched::Complexity::kLinear,
                   .starvation_bound = StarvationBound,
                   .fairness_error = FairnessError},
});

}  // namespace example::stride
