// What a boot loader's information says, before anything of it is believed or copied. Views point into the
// loader's memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/arch_api/boot_info.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::arch::x86 {

inline constexpr std::size_t kMaxCommandLine = 4096;  // with its terminator
inline constexpr std::size_t kMaxModules = 16;
inline constexpr std::size_t kMaxMemoryRanges = 256;

// A vector without allocation.
template <class T, std::size_t kCapacity>
class FixedList {
 public:
  // kTooLarge when full.
  Status Add(const T& item) {
    if (size_ == kCapacity) return Status::kTooLarge;
    items_[size_++] = item;
    return Status::kOk;
  }
  void Clear() { size_ = 0; }
  void Truncate(std::size_t size) { size_ = size < size_ ? size : size_; }
  std::span<T> span() { return {items_.data(), size_}; }
  std::span<const T> span() const { return {items_.data(), size_}; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return items_[i]; }
  const T& operator[](std::size_t i) const { return items_[i]; }

 private:
  std::array<T, kCapacity> items_{};
  std::size_t size_ = 0;
};

using MemoryRanges = FixedList<MemoryRange, kMaxMemoryRanges>;

struct LoaderModule {
  PhysAddr base;
  std::uint64_t bytes = 0;
  std::string_view name;
};

struct LoaderInfo {
  std::string_view protocol;
  std::string_view command_line;
  MemoryRanges memory;  // in the loader's order, may overlap
  FixedList<LoaderModule, kMaxModules> modules;
  PhysAddr rsdp;                         // 0: not told
  std::span<const std::byte> rsdp_copy;  // multiboot2 gives the structure, not its address
};

}  // namespace esc::arch::x86
