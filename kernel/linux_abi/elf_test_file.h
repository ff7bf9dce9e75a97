// Hand-made ELF files for tests: a valid small program, to be broken field by field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace esc::linux_abi {

struct TestSegment {
  std::uint32_t type = 1, flags = 5;
  std::uint64_t offset = 0, address = 0x400000, file_bytes = 0, memory_bytes = 0, align = 0x1000;
};

// Header, program headers, then zeros up to `bytes`.
struct TestElf {
  std::uint16_t type = 2, machine = 62, header_entry_bytes = 56;
  std::uint8_t elf_class = 2, encoding = 1;
  std::uint64_t entry = 0x400100, header_offset = 64;
  std::size_t bytes = 0x3000;
  std::vector<TestSegment> segments = {
      {.type = 1, .flags = 5, .offset = 0, .address = 0x400000, .file_bytes = 0x1000, .memory_bytes = 0x1000},
      {.type = 1, .flags = 6, .offset = 0x1800, .address = 0x401800, .file_bytes = 0x400, .memory_bytes = 0x2000}};

  std::vector<std::byte> Bytes() const {
    std::vector<std::byte> file(bytes);
    const auto put = [&](std::size_t at, auto value) {
      if (at < file.size() && sizeof(value) <= file.size() - at) std::memcpy(file.data() + at, &value, sizeof(value));
    };
    put(0, std::uint32_t{0x464c457f});
    put(4, elf_class), put(5, encoding), put(6, std::uint8_t{1});
    put(16, type), put(18, machine), put(20, std::uint32_t{1}), put(24, entry), put(32, header_offset);
    put(52, std::uint16_t{64}), put(54, header_entry_bytes), put(56, static_cast<std::uint16_t>(segments.size()));
    std::size_t at = header_offset;
    for (const TestSegment& s : segments) {
      if (at >= file.size()) break;
      put(at, s.type), put(at + 4, s.flags), put(at + 8, s.offset), put(at + 16, s.address), put(at + 24, s.address);
      put(at + 32, s.file_bytes), put(at + 40, s.memory_bytes), put(at + 48, s.align);
      at += 56;
    }
    return file;
  }
};

}  // namespace esc::linux_abi
