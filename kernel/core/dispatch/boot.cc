#include "kernel/core/dispatch/boot.h"

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/arch_api/thread.h"
#include "kernel/base/check.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/dispatch/partition.h"
#include "kernel/core/dispatch/per_cpu.h"
#include "kernel/core/dispatch/placement.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/thread/thread_factory.h"

namespace esc::core {
namespace {
constinit const boot_config::BootConfig* boot_config = nullptr;
}  // namespace

const boot_config::BootConfig& DispatchConfig() { return *boot_config; }

Status InitDispatch(const boot_config::BootConfig& config) {
  InterruptGuard interrupts;
  boot_config = &config;
  RunQueueSlot::breach_to_report.store(false);
  ESC_TRY(ThreadFactory::Init(WidestPluginState(config)));
  ESC_TRY(ProcessTable::Init(config.max_processes));
  ESC_TRY(BuildPartitions(config, CpuSet::FirstN(arch::CpuCount())));

  mm::RefPtr<Thread> idle = ESC_TRY(ThreadFactory::CreateIdle(ProcessTable::Kernel()));
  PerCpu& cpu = InitPerCpu(arch::ThisCpu());
  cpu.partition = PartitionOf(cpu.id);
  ESC_CHECK(cpu.partition != nullptr);
  cpu.slot_count = cpu.partition->layer_count;
  for (std::size_t i = 0; i < cpu.slot_count; ++i) {
    cpu.slots[i] = cpu.partition->layers[i].queues[cpu.id.value];
    ESC_CHECK(cpu.slots[i] != nullptr);
    cpu.has_plugin_timers |= cpu.slots[i]->HasTimers();
    cpu.has_starvation_bounds |= cpu.slots[i]->HasStarvationBound();
  }
  cpu.domain = &cpu.slots[0]->domain();
  SetOnline(cpu.id);
  {
    SpinLockGuard guard(cpu.domain->lock);
    for (std::size_t i = 0; i < cpu.slot_count; ++i) cpu.slots[i]->CpuOnline(cpu.id, arch::Now());
  }

  arch::AdoptBootThread(idle->context);
  idle->SetState(State::kReady);
  idle->SetState(State::kRunning);
  idle->dispatch.running_on = cpu.id;
  cpu.idle_since = arch::Now();
  cpu.current = cpu.idle = idle.get();
  cpu.idle->dispatch.self = std::move(idle);  // for ever
  return Status::kOk;
}

}  // namespace esc::core
