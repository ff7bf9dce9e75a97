// Physical memory and byte strings for the tests of the boot parsers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kernel/arch_x86_64/byte_reader.h"
#include "kernel/base/units.h"

namespace esc::arch::x86 {

// Little-endian bytes, put together piece by piece.
class ByteWriter {
 public:
  template <class T>
    requires std::is_integral_v<T>
  ByteWriter& Put(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes_.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i)));
    }
    return *this;
  }
  ByteWriter& Text(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  ByteWriter& Zeros(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  ByteWriter& Align(std::size_t alignment) {
    while (bytes_.size() % alignment != 0) bytes_.push_back({});
    return *this;
  }
  template <class T>
  ByteWriter& Patch(std::size_t at, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes_.at(at + i) = static_cast<std::byte>(value >> (8 * i));
    return *this;
  }
  // Makes the sum of all bytes zero by the one at `at`.
  ByteWriter& Checksum(std::size_t at) {
    bytes_.at(at) = {};
    unsigned sum = 0;
    for (const std::byte b : bytes_) sum += static_cast<unsigned>(b);
    bytes_.at(at) = static_cast<std::byte>(-sum);
    return *this;
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// Pieces of memory at physical addresses; a read must lie within one piece, and is given exactly that, so
// that the address sanitizer sees every step beyond it.
class FakePhysicalMemory {
 public:
  void Place(std::uint64_t at, std::vector<std::byte> bytes) { pieces_[at] = std::move(bytes); }
  std::span<const std::byte> operator()(PhysAddr at, std::uint64_t bytes) const {
    auto next = pieces_.upper_bound(at.value);
    if (next == pieces_.begin()) return {};
    const auto& [base, piece] = *--next;
    const std::uint64_t offset = at.value - base;
    if (offset > piece.size() || piece.size() - offset < bytes) return {};
    return std::span(piece).subspan(offset, bytes);
  }

 private:
  std::map<std::uint64_t, std::vector<std::byte>> pieces_;
};

}  // namespace esc::arch::x86
