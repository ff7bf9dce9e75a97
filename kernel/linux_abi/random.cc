#include "kernel/linux_abi/random.h"

#include <atomic>

#include "kernel/arch_api/cpu.h"
#include "kernel/fs/devices.h"

namespace esc::linux_abi {
namespace {
std::atomic<bool> randomize{true};
}  // namespace

std::uint64_t Random64() {
  std::uint64_t value = 0;
  fs::FillRandom(&value, sizeof(value));
  return value;
}

bool HardwareRandomPresent() {
  std::uint64_t value;
  return arch::HardwareRandom(value);
}

void SetAddressRandomization(bool on) { randomize.store(on, std::memory_order_relaxed); }
bool AddressRandomization() { return randomize.load(std::memory_order_relaxed); }

}  // namespace esc::linux_abi
