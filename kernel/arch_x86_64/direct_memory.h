// The memory of PageTable and KernelMap in the running kernel: page tables through the direct map.
#pragma once

#include <cstdint>

#include "kernel/arch_api/paging.h"

namespace esc::arch::x86 {

class DirectMemory {
 public:
  std::uint64_t Load(PhysAddr at) const { return __atomic_load_n(Entry(at), __ATOMIC_RELAXED); }
  // Release: a new table's zeroes are seen before the entry that points to it.
  void Store(PhysAddr at, std::uint64_t value) { __atomic_store_n(Entry(at), value, __ATOMIC_RELEASE); }
  std::uint64_t Exchange(PhysAddr at, std::uint64_t value) {
    return __atomic_exchange_n(Entry(at), value, __ATOMIC_ACQ_REL);
  }

 private:
  static std::uint64_t* Entry(PhysAddr at) { return static_cast<std::uint64_t*>(DirectMap(at)); }
};

}  // namespace esc::arch::x86
