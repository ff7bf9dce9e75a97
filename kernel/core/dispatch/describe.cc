// What /proc/escapement and panics show of dispatch.
#include <optional>
#include <string_view>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/dispatch/partition.h"
#include "kernel/core/dispatch/per_cpu.h"
#include "kernel/core/dispatch/placement.h"

namespace esc::core {
namespace {

void Add(DispatchStats& sum, const PerCpu& cpu) {
  sum.switches += cpu.stats.switches;
  sum.preemptions += cpu.stats.preemptions;
  sum.yields += cpu.stats.yields;
  sum.wakeups += cpu.stats.wakeups;
  sum.idle_entries += cpu.stats.idle_entries;
  sum.idle_time += cpu.stats.idle_time;
  if (cpu.current == cpu.idle) sum.idle_time += arch::Now() - cpu.idle_since;
  sum.late_timers += cpu.stats.late_timers;
  if (cpu.stats.longest_wait > sum.longest_wait) sum.longest_wait = cpu.stats.longest_wait;
}

// Each slot once, though a shared one stands at several CPUs.
template <class Visit>
void ForEachSlot(const Partition& partition, std::size_t layer, Visit visit) {
  const RunQueueSlot* last = nullptr;
  for (RunQueueSlot* slot : partition.layers[layer].queues) {
    if (slot == nullptr || slot == last) continue;
    last = slot;
    visit(*slot);
  }
}

std::string_view PluginName(const PartitionLayer& layer) {
  return layer.plugin != nullptr ? layer.plugin->name : std::string_view("built-in fifo");
}

std::string_view Name(sched::EnqueueReason reason) {
  switch (reason) {
    case sched::EnqueueReason::kNew: return "new";
    case sched::EnqueueReason::kWoken: return "woken";
    case sched::EnqueueReason::kPreempted: return "preempted";
    case sched::EnqueueReason::kYielded: return "yielded";
    case sched::EnqueueReason::kSliceExpired: return "slice_expired";
    case sched::EnqueueReason::kMigrated: return "migrated";
    case sched::EnqueueReason::kChanged: return "changed";
    case sched::EnqueueReason::kHandedOver: return "handed_over";
  }
  return "unknown";
}

std::string_view Name(sched::DequeueReason reason) {
  switch (reason) {
    case sched::DequeueReason::kStolen: return "stolen";
    case sched::DequeueReason::kMigrated: return "migrated";
    case sched::DequeueReason::kChanged: return "changed";
    case sched::DequeueReason::kExited: return "exited";
    case sched::DequeueReason::kHandedOver: return "handed_over";
  }
  return "unknown";
}

// One that is not condemned tells of itself. The lock is held.
void DescribeEjection(TextBuffer& text, RunQueueSlot& slot) {
  const std::optional<RunQueueSlot::Ejection>& ejection = slot.ejection();
  if (!ejection) return;
  text.Format("      condemned at {} ns for {} (thread {}); its last decisions:\n", ejection->time,
              sched::VerdictName(ejection->verdict), ejection->thread);
  for (std::size_t i = slot.decisions().size(); i-- > 0;) {
    text.Append("      ");
    DescribeDecision(text, slot.decisions().FromLast(i));
    text.Append('\n');
  }
}

void DescribeLayer(TextBuffer& text, const Partition& partition, std::size_t index) {
  const PartitionLayer& layer = partition.layers[index];
  text.Format("  layer {}: {}", index, PluginName(layer));
  bool first = true;
  ForEachSlot(partition, index, [&](RunQueueSlot& slot) {
    if (!first) return;
    first = false;
    for (std::size_t i = 0; i < slot.parameters().size(); ++i) {
      text.Format(" {}={}", layer.plugin->parameters[i].name, slot.parameters()[i]);
    }
  });
  text.Append('\n');
  ForEachSlot(partition, index, [&](RunQueueSlot& slot) {
    SpinLockGuard guard(slot.domain().lock);
    text.Format("    cpus {:x}: {} ready{}\n", slot.cpus().mask(), slot.size(),
                slot.condemned() ? ", plugin condemned: built-in first in, first out" : "");
    const std::size_t before = text.size();
    slot.Dump(text);
    if (text.size() != before && text.view().back() != '\n') text.Append('\n');
    DescribeEjection(text, slot);
  });
}

}  // namespace

DispatchStats GetDispatchStats() {
  DispatchStats sum;
  for (std::uint32_t cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (OnlineCpus().Contains(CpuId{cpu})) Add(sum, PerCpuOf(CpuId{cpu}));
  }
  for (std::size_t p = 0; p < PartitionCount(); ++p) {
    const Partition& partition = PartitionAt(p);
    for (std::size_t layer = 0; layer < partition.layer_count; ++layer) {
      ForEachSlot(partition, layer, [&](RunQueueSlot& slot) {
        for (std::size_t i = 0; i < sched::kVerdicts; ++i) sum.verdicts[i] += slot.verdicts(static_cast<sched::Verdict>(i));
      });
    }
  }
  return sum;
}

void DescribeDecision(TextBuffer& text, const DecisionLog::Event& event) {
  text.Format("{} ns: ", event.time);
  switch (event.what) {
    case DecisionLog::What::kEnqueue:
      return text.Format("enqueue {} {}", event.thread, Name(static_cast<sched::EnqueueReason>(event.detail)));
    case DecisionLog::What::kDequeue:
      return text.Format("dequeue {} {}", event.thread, Name(static_cast<sched::DequeueReason>(event.detail)));
    case DecisionLog::What::kPick: return text.Format("pick {} on cpu {}", event.thread, event.detail);
  }
}

void DescribeScheduler(TextBuffer& text) {
  for (std::size_t p = 0; p < PartitionCount(); ++p) {
    const Partition& partition = PartitionAt(p);
    text.Format("partition {}: cpus {:x}\n", partition.name, partition.cpus.mask());
    for (std::size_t layer = 0; layer < partition.layer_count; ++layer) DescribeLayer(text, partition, layer);
  }
}

void DescribeStats(TextBuffer& text) {
  const DispatchStats stats = GetDispatchStats();
  text.Format("uptime_ns {}\nswitches {}\npreemptions {}\nyields {}\nwakeups {}\n", arch::Now(), stats.switches,
              stats.preemptions, stats.yields, stats.wakeups);
  text.Format("idle_entries {}\nidle_ns {}\nlongest_wait_ns {}\nlate_timers_ns {}\nillegal_transitions {}\nprocesses {}\n",
              stats.idle_entries, stats.idle_time, stats.longest_wait, stats.late_timers, IllegalTransitions(), CountProcesses());
  for (std::size_t p = 0; p < PartitionCount(); ++p) {
    const Partition& partition = PartitionAt(p);
    for (std::size_t layer = 0; layer < partition.layer_count; ++layer) {
      for (std::size_t i = 1; i < sched::kVerdicts; ++i) {
        std::uint64_t count = 0;
        const auto verdict = static_cast<sched::Verdict>(i);
        ForEachSlot(partition, layer, [&](RunQueueSlot& slot) { count += slot.verdicts(verdict); });
        if (count == 0) continue;
        text.Format("verdict {} {} {} {}\n", partition.name, PluginName(partition.layers[layer]),
                    sched::VerdictName(verdict), count);
      }
    }
  }
}

}  // namespace esc::core
