#include "tests/boot/ejection/endless.h"

#include <cstdint>
#include <optional>
#include <span>

#include "kernel/base/units.h"
#include "kernel/core/sched_api/ready_list.h"
#include "kernel/core/sched_api/run_queue.h"
#include "kernel/core/sched_api/thread.h"

namespace esc::test_plugins::endless {
namespace {

class Queue final : public sched::RunQueue {
 public:
  explicit Queue(const sched::QueueConfig&) {}
  void Enqueue(sched::Thread& thread, sched::EnqueueReason, Nanos) override { ready_.push_back(thread); }
  void Dequeue(sched::Thread& thread, sched::DequeueReason, Nanos) override { ready_.remove(thread); }
  sched::Thread* PickNext(CpuId cpu, Nanos) override { return sched::TakeFirstFor(ready_, cpu); }
  std::optional<Nanos> TimeSlice(const sched::Thread&, Nanos) override { return std::nullopt; }
  sched::TickDecision Tick(sched::Thread&, Nanos) override { return sched::TickDecision::kKeepRunning; }

 private:
  sched::ReadyList ready_;
};

struct State {};

Nanos EachItsTurn(std::span<const std::uint64_t>, Nanos slice, std::uint32_t threads) { return slice * threads; }

}  // namespace

constinit const sched::Descriptor kDescriptor = sched::DescribeQueue<Queue, State>({
    .name = "endless",
    .summary = "promises turns and never ends one",
    .guarantees = {.starvation_bound = EachItsTurn},
});

}  // namespace esc::test_plugins::endless
