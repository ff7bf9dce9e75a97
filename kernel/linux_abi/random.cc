#include "kernel/linux_abi/random.h"

#include <atomic>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"

namespace esc::linux_abi {
namespace {
std::atomic<std::uint64_t> fallback_state{0x9E3779B97F4A7C15};
std::atomic<bool> randomize{true};

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators).
std::uint64_t Mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}
}  // namespace

std::uint64_t Random64() {
  std::uint64_t value;
  if (arch::HardwareRandom(value)) return value;
  const auto step = 0x9E3779B97F4A7C15 + static_cast<std::uint64_t>(arch::Now().value);
  return Mix(fallback_state.fetch_add(step, std::memory_order_relaxed) + step);
}

bool HardwareRandomPresent() {
  std::uint64_t value;
  return arch::HardwareRandom(value);
}

void SetAddressRandomization(bool on) { randomize.store(on, std::memory_order_relaxed); }
bool AddressRandomization() { return randomize.load(std::memory_order_relaxed); }

}  // namespace esc::linux_abi
