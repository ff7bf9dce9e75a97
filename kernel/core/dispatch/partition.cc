#include "kernel/core/dispatch/partition.h"

#include <new>

#include "kernel/base/check.h"
#include "kernel/base/log.h"
#include "kernel/mm/heap.h"

namespace esc::core {
namespace {

// One more than the config may name: the CPUs that it forgot.
constinit std::array<Partition*, boot_config::kMaxPartitions + 1> partitions{};
constinit std::size_t partition_count = 0;

// Lives for ever.
template <class T, class... Args>
Result<T*> Make(const Args&... args) {
  mm::Owned<T> object = ESC_TRY((mm::New<T>(args...)));
  return object.release();
}

bool SharesQueues(const boot_config::Partition& partition) {
  for (std::size_t i = 0; i < partition.layer_count; ++i) {
    if (partition.layers[i].plugin->topology == sched::Topology::kShared) return true;
  }
  return false;
}

Result<RunQueueSlot*> MakeSlot(RunQueueSlot::Setup setup, const boot_config::BootConfig& config) {
  setup.time_slice = config.time_slice;
  if (setup.plugin != nullptr) {
    const sched::Descriptor& plugin = *setup.plugin;
    void* storage = mm::Allocate(plugin.queue_bytes, plugin.queue_alignment < 16 ? 16 : plugin.queue_alignment);
    if (storage == nullptr) return Status::kNoMemory;
    sched::QueueConfig queue;
    queue.cpus = setup.cpus;
    queue.parameters = setup.parameters;
    // Each queue draws its own lots.
    queue.seed = config.seed * 0x9E37'79B9'7F4A'7C15u + setup.cpus.mask();
    queue.time_slice = config.time_slice;
    setup.queue = plugin.construct(storage, queue);
  }
  return Make<RunQueueSlot>(setup);
}

Status MakeLayer(Partition& partition, std::size_t index, const boot_config::Layer* layer,
                 const std::array<DispatchDomain*, kMaxCpus>& domains, const boot_config::BootConfig& config) {
  PartitionLayer& made = partition.layers[index];
  RunQueueSlot::Setup setup;
  setup.partition = &partition;
  setup.layer = index;
  if (layer != nullptr) {
    made.plugin = setup.plugin = layer->plugin;
    setup.parameters = layer->parameters();
  }
  const bool shared = setup.plugin != nullptr && setup.plugin->topology == sched::Topology::kShared;
  RunQueueSlot* shared_slot = nullptr;
  for (std::uint32_t cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (!partition.cpus.Contains(CpuId{cpu})) continue;
    if (shared_slot == nullptr) {
      setup.domain = domains[cpu];
      setup.cpus = shared ? partition.cpus : CpuSet::Of(CpuId{cpu});
      made.queues[cpu] = ESC_TRY(MakeSlot(setup, config));
      if (shared) shared_slot = made.queues[cpu];
    } else {
      made.queues[cpu] = shared_slot;
    }
  }
  return Status::kOk;
}

// `source` nullptr: the built-in queue alone.
Status MakePartition(const boot_config::Partition* source, CpuSet cpus, const boot_config::BootConfig& config) {
  Partition* partition = ESC_TRY(Make<Partition>());
  partition->name = source != nullptr ? source->name : std::string_view("built-in");
  partition->cpus = cpus;
  partition->layer_count = source != nullptr && source->layer_count != 0 ? source->layer_count : 1;

  std::array<DispatchDomain*, kMaxCpus> domains{};
  const bool shared = source != nullptr && SharesQueues(*source);
  DispatchDomain* shared_domain = shared ? ESC_TRY(Make<DispatchDomain>()) : nullptr;
  for (std::uint32_t cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (!cpus.Contains(CpuId{cpu})) continue;
    domains[cpu] = shared ? shared_domain : ESC_TRY(Make<DispatchDomain>());
  }
  for (std::size_t i = 0; i < partition->layer_count; ++i) {
    const boot_config::Layer* layer = source != nullptr && i < source->layer_count ? &source->layers[i] : nullptr;
    ESC_TRY(MakeLayer(*partition, i, layer, domains, config));
  }
  partitions[partition_count++] = partition;
  return Status::kOk;
}

}  // namespace

std::size_t Partition::LayerFor(const Thread& thread, CpuId cpu) const {
  for (std::size_t i = 0; i + 1 < layer_count; ++i) {
    if (layers[i].queues[cpu.value]->Accepts(thread)) return i;
  }
  return layer_count - 1;
}

std::size_t WidestPluginState(const boot_config::BootConfig& config) {
  std::size_t widest = 0;
  for (std::size_t p = 0; p < config.partition_count; ++p) {
    const boot_config::Partition& partition = config.partitions[p];
    for (std::size_t i = 0; i < partition.layer_count; ++i) {
      const std::size_t bytes = partition.layers[i].plugin->thread_state_bytes;
      if (bytes > widest) widest = bytes;
    }
  }
  return widest;
}

Status BuildPartitions(const boot_config::BootConfig& config, CpuSet machine_cpus) {
  partition_count = 0;
  CpuSet left = machine_cpus;
  for (std::size_t i = 0; i < config.partition_count; ++i) {
    const boot_config::Partition& source = config.partitions[i];
    const CpuSet cpus = source.cpus & left;
    if (cpus.Empty()) {
      Log("scheduler partition \"{}\": passed over, this machine has none of its CPUs", source.name);
      continue;
    }
    ESC_TRY(MakePartition(&source, cpus, config));
    left = CpuSet::FromMask(left.mask() & ~cpus.mask());
  }
  if (left.Empty()) return Status::kOk;
  if (config.partition_count != 0) Log("scheduler: CPUs {:x} are in no partition: built-in queue", left.mask());
  return MakePartition(nullptr, left, config);
}

std::size_t PartitionCount() { return partition_count; }
Partition& PartitionAt(std::size_t index) {
  ESC_CHECK(index < partition_count);
  return *partitions[index];
}
Partition* PartitionOf(CpuId cpu) {
  for (std::size_t i = 0; i < partition_count; ++i) {
    if (partitions[i]->cpus.Contains(cpu)) return partitions[i];
  }
  return nullptr;
}

}  // namespace esc::core
