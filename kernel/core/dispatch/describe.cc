// What /proc/escapement and panics show of dispatch.
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
