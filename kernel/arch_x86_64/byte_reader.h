// Bounds-checked reads of outside bytes, and of physical memory that holds them. Used by every boot parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "kernel/base/function_ref.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::arch::x86 {

// `bytes` bytes at a physical address, or an empty span when they cannot be read.
using PhysicalReader = FunctionRef<std::span<const std::byte>(PhysAddr, std::uint64_t bytes)>;

inline Result<std::span<const std::byte>> ReadPhysical(PhysicalReader read, PhysAddr at, std::uint64_t bytes) {
  if (at.value + bytes < at.value) return Status::kCorrupt;
  const std::span<const std::byte> view = read(at, bytes);
  if (view.size() != bytes) return Status::kOutOfRange;
  return view;
}

// The bytes of a T at `offset`, in the machine's (little-endian) order; unaligned is fine.
template <class T>
  requires std::is_trivially_copyable_v<T>
Result<T> ReadAt(std::span<const std::byte> bytes, std::size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return Status::kTruncated;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

template <class T>
Result<T> ReadPhysicalAs(PhysicalReader read, PhysAddr at) {
  const auto bytes = ESC_TRY(ReadPhysical(read, at, sizeof(T)));
  return ReadAt<T>(bytes, 0);
}

inline Result<std::span<const std::byte>> Slice(std::span<const std::byte> bytes, std::size_t offset,
                                                std::size_t size) {
  if (offset > bytes.size() || bytes.size() - offset < size) return Status::kTruncated;
  return bytes.subspan(offset, size);
}

// Text up to its terminator, which must lie within `bytes`.
inline Result<std::string_view> ReadText(std::span<const std::byte> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == std::byte{0}) return std::string_view(reinterpret_cast<const char*>(bytes.data()), i);
  }
  return Status::kTruncated;
}

// Text at a physical address, at most `limit` bytes with its terminator; read a page at a time, because what
// follows the text may not be readable.
inline Result<std::string_view> ReadPhysicalText(PhysicalReader read, PhysAddr at, std::uint64_t limit) {
  for (std::uint64_t size = kPageSize - at.value % kPageSize;; size += kPageSize) {
    const std::uint64_t bytes = size < limit ? size : limit;
    const auto text = ReadText(ESC_TRY(ReadPhysical(read, at, bytes)));
    if (text.ok()) return text;
    if (bytes == limit) return Status::kTooLarge;
  }
}

}  // namespace esc::arch::x86
