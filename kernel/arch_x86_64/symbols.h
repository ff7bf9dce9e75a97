// The function table that //tools/symbols writes into the finished kernel ELF, and its reader.
//
// Layout, little-endian: a header; `count` entries sorted by address; a pool of names without terminators.
// Addresses are offsets from the kernel's virtual base, so that 32 bits do. A name is cut at 127 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "kernel/base/format.h"

namespace esc::arch::x86 {

struct SymbolTableHeader {
  static constexpr std::uint32_t kMagic = 0x53595345;  // "ESYS"
  std::uint32_t magic;
  std::uint32_t count;
  std::uint32_t pool_bytes;
  std::uint32_t reserved;
};
struct SymbolTableEntry {
  std::uint32_t offset;       // of the function
  std::uint32_t name_and_size;  // name's offset in the pool << 8 | its length
};

// Reads a table that may be absent or damaged. No state, no allocation; O(log n) a look-up.
class SymbolTable {
 public:
  explicit SymbolTable(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // The last function that begins at or below `offset`.
  bool Find(std::uint64_t offset, TextBuffer& name, std::uint64_t& offset_in_function) const {
    SymbolTableHeader header;
    if (!Read(0, header) || header.magic != SymbolTableHeader::kMagic) return false;
    std::uint32_t low = 0, high = header.count;
    SymbolTableEntry entry{};
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (!Read(EntryAt(middle), entry)) return false;
      if (entry.offset <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == 0 || !Read(EntryAt(low - 1), entry)) return false;
    const std::uint64_t begin = EntryAt(header.count) + (entry.name_and_size >> 8);
    const std::uint64_t size = entry.name_and_size & 0xFF;
    if (begin + size > bytes_.size()) return false;
    name.Append(std::string_view(reinterpret_cast<const char*>(bytes_.data()) + begin, size));
    offset_in_function = offset - entry.offset;
    return true;
  }

 private:
  static std::uint64_t EntryAt(std::uint64_t index) {
    return sizeof(SymbolTableHeader) + index * sizeof(SymbolTableEntry);
  }
  template <class T>
  bool Read(std::uint64_t at, T& value) const {
    if (at + sizeof(T) > bytes_.size()) return false;
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return true;
  }

  std::span<const std::byte> bytes_;
};

}  // namespace esc::arch::x86
