// Any bytes as an ELF file: what the parser lets through keeps the promises that the loader relies on.
#include <cstring>
#include <span>

#include "kernel/base/check.h"
#include "kernel/base/units.h"
#include "kernel/linux_abi/elf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esc;
  using namespace esc::linux_abi;
  const auto read = [&](std::uint64_t offset, std::span<std::byte> into) {
    ESC_CHECK(offset <= size && into.size() <= size - offset);
    std::memcpy(into.data(), data + offset, into.size());
    return Status::kOk;
  };
  const ParsedElf parsed = ParseElf(size, read);
  FixedText<128> text;
  parsed.Describe(text);
  ESC_CHECK(!text.truncated());
  if (!parsed.ok()) return 0;
  std::uint64_t end = 0;
  bool entry_inside = false;
  ESC_CHECK(parsed.image.segment_count > 0 && parsed.image.segment_count <= kMaxSegments);
  for (const Segment& segment : parsed.image.view()) {
    ESC_CHECK(segment.address >= end);
    ESC_CHECK(segment.memory_bytes > 0 && segment.file_bytes <= segment.memory_bytes);
    ESC_CHECK(segment.file_offset + segment.file_bytes <= size);
    ESC_CHECK(segment.address % kPageSize == segment.file_offset % kPageSize);
    end = segment.address + segment.memory_bytes;
    entry_inside |= parsed.image.entry >= segment.address && parsed.image.entry < end;
  }
  ESC_CHECK(end <= arch::kUserEnd.value && entry_inside);
  ESC_CHECK(parsed.image.interpreter_bytes <= kMaxInterpreterPath + 1);
  return 0;
}
