// The partitions of the boot config as run queues: which plugin holds the threads of which CPUs.
//
// A partition is a CPU set and a stack of layers; each layer has a queue for each CPU, or one for all of them. All queues
// of a CPU share one lock (DispatchDomain); a partition with a shared queue has one for all its CPUs. Built once at
// boot, constant after. Core's own.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "kernel/base/cpu_set.h"
#include "kernel/base/status.h"
#include "kernel/core/boot_config/boot_config.h"
#include "kernel/core/dispatch/run_queue_slot.h"
#include "kernel/core/sched_api/descriptor.h"

namespace esc::core {

struct PartitionLayer {
  const sched::Descriptor* plugin = nullptr;  // nullptr: the built-in first-in-first-out queue
  std::array<RunQueueSlot*, kMaxCpus> queues{};  // by CPU; the same one everywhere when shared
};

struct Partition {
  std::string_view name;
  CpuSet cpus;  // of those that the machine has
  std::array<PartitionLayer, boot_config::kMaxLayers> layers{};
  std::size_t layer_count = 0;

  // The first layer that takes the thread, else the last.
  std::size_t LayerFor(const Thread& thread, CpuId cpu) const;
};

// CPUs that no partition names are given to one of their own with the built-in queue.
Status BuildPartitions(const boot_config::BootConfig& config, CpuSet machine_cpus);
// The widest state of all the plugins that the config names.
std::size_t WidestPluginState(const boot_config::BootConfig& config);

std::size_t PartitionCount();
Partition& PartitionAt(std::size_t index);
Partition* PartitionOf(CpuId cpu);

}  // namespace esc::core
