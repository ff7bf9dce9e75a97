#include "kernel/sched_plugins/fifo/fifo.h"

#include <optional>

#include "kernel/base/format.h"
#include "kernel/base/units.h"
#include "kernel/core/sched_api/ready_list.h"
#include "kernel/core/sched_api/run_queue.h"
#include "kernel/core/sched_api/thread.h"

namespace esc::sched::fifo {
namespace {

// What the plugin keeps for each thread: core sets it aside right behind the thread.
struct State {
  std::uint64_t turns = 0;  // how often it was picked
};

// Ready threads in order of arrival.
class Queue final : public RunQueue {
 public:
  explicit Queue(const QueueConfig&) {}

  void InitThread(Thread& thread, Nanos) override { new (thread.raw_state()) State; }

  // A thread that something more urgent than this queue pushed aside (a layer above it in the stack) has not
  // had its turn yet, so it goes to the front.
  void Enqueue(Thread& thread, EnqueueReason reason, Nanos) override {
    if (reason == EnqueueReason::kPreempted) {
      ready_.push_front(thread);
    } else {
      ready_.push_back(thread);
    }
  }

  void Dequeue(Thread& thread, DequeueReason, Nanos) override { ready_.remove(thread); }

  Thread* PickNext(CpuId cpu, Nanos) override {
    Thread* const thread = TakeFirstFor(ready_, cpu);
    if (thread != nullptr) ++thread->state<State>().turns;
    return thread;
  }

  // Cooperative: no slice, and a periodic tick changes nothing.
  std::optional<Nanos> TimeSlice(const Thread&, Nanos) override { return std::nullopt; }
  TickDecision Tick(Thread&, Nanos) override { return TickDecision::kKeepRunning; }

  // An idle CPU may have whoever has waited longest of those that may run there.
  Thread* StealCandidate(CpuId thief, Nanos) override { return FirstFor(ready_, thief); }

  void Dump(TextBuffer& out) const override { out.Format("{} ready", ready_.size()); }

 private:
  ReadyList ready_;
};

}  // namespace

// No bounds are given: a thread that never blocks keeps its CPU for ever, and that is what it is for.
constinit const Descriptor kDescriptor = DescribeQueue<Queue, State>({
    .name = "fifo",
    .summary = "first in, first out; cooperative, no time slices",
    .topology = Topology::kPerCpu,
    .capabilities = Capability::kStealing,
});

}  // namespace esc::sched::fifo
