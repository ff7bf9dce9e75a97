#include "kernel/core/dispatch/per_cpu.h"

#include <algorithm>
#include <new>

#include "kernel/arch_api/clock.h"
#include "kernel/base/check.h"

namespace esc::core {
namespace {
constinit std::array<PerCpu, kMaxCpus> per_cpu{};
}  // namespace

PerCpu& PerCpuOf(CpuId cpu) {
  ESC_CHECK(cpu.value < kMaxCpus);
  return per_cpu[cpu.value];
}

bool CoreIsUp() {
  const auto* cpu = static_cast<PerCpu*>(arch::CpuLocal());
  return cpu != nullptr && cpu->current != nullptr;
}

PerCpu& InitPerCpu(CpuId id) {
  PerCpu& cpu = PerCpuOf(id);
  new (&cpu) PerCpu();  // a simulated machine starts anew in the same program
  cpu.id = id;
  cpu.online = true;
  arch::SetCpuLocal(&cpu);
  return cpu;
}

void ArmTimer(PerCpu& cpu) {
  const Nanos wanted = std::min({cpu.slice_end, cpu.next_tick, cpu.plugin_timer, cpu.timers.earliest()});
  // A timer that comes too early costs one interrupt a slice; programming it at each switch would cost more.
  if (wanted >= cpu.armed) return;
  cpu.armed = wanted;
  arch::SetTimer(wanted);
}

}  // namespace esc::core
