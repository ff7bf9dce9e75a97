#include "kernel/linux_abi/image.h"

#include <algorithm>

#include "kernel/base/bits.h"

namespace esc::linux_abi {
namespace {

using arch::Access;

constexpr char kZeros[kPageSize] = {};

// Zeroes [from, end of its page). The page may be read-only for the program: it is opened for the moment.
Status ZeroTail(mm::AddressSpace& memory, VirtAddr from, Access access) {
  const std::uint64_t bytes = AlignUp<std::uint64_t>(from.value, kPageSize) - from.value;
  if (bytes == 0) return Status::kOk;
  const bool writable = arch::Allows(access, Access::kWrite);
  if (!writable) ESC_TRY(memory.Protect(from.PageDown(), kPageSize, Access::kRead | Access::kWrite));
  ESC_TRY(memory.Write(from, kZeros, bytes));
  if (!writable) ESC_TRY(memory.Protect(from.PageDown(), kPageSize, access));
  return Status::kOk;
}

Status MapSegment(mm::AddressSpace& memory, const Segment& segment, const mm::RefPtr<mm::PageSource>& file,
                  std::uint64_t bias) {
  const VirtAddr begin = VirtAddr{segment.address + bias}.PageDown();
  const VirtAddr file_end{segment.address + bias + segment.file_bytes};
  const std::uint64_t end = AlignUp<std::uint64_t>(segment.address + bias + segment.memory_bytes, kPageSize);
  VirtAddr zeros_from = begin;
  if (segment.file_bytes != 0) {
    zeros_from = {AlignUp<std::uint64_t>(file_end.value, kPageSize)};
    mm::RegionOptions options;
    options.access = segment.access;
    options.source = file;
    options.source_offset = AlignDown<std::uint64_t>(segment.file_offset, kPageSize);
    ESC_TRY(memory.Map(begin, zeros_from - begin, mm::Placement::kFixed, options));
    // Without memory past the file's bytes the tail shows what the file goes on with, as on Linux.
    if (segment.memory_bytes > segment.file_bytes) ESC_TRY(ZeroTail(memory, file_end, segment.access));
  }
  if (end > zeros_from.value) {
    mm::RegionOptions options;
    options.access = segment.access;
    ESC_TRY(memory.Map(zeros_from, end - zeros_from.value, mm::Placement::kFixed, options));
  }
  return Status::kOk;
}

std::string_view TrimLeft(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

}  // namespace

Status MapImage(mm::AddressSpace& memory, const ElfImage& image, const mm::RefPtr<mm::PageSource>& file,
                std::uint64_t bias) {
  for (const Segment& segment : image.view()) ESC_TRY(MapSegment(memory, segment, file, bias));
  return Status::kOk;
}

Result<ScriptLine> ParseScriptLine(std::string_view start) {
  if (!start.starts_with("#!")) return Status::kNotExecutable;
  const std::size_t line_end = start.find('\n');
  std::string_view line = TrimLeft(start.substr(2, line_end == std::string_view::npos ? line_end : line_end - 2));
  line = line.substr(0, line.find('\0'));
  const std::size_t name_end = line.find_first_of(" \t");
  // A name that the buffer cuts off would run something else.
  if (line_end == std::string_view::npos && name_end == std::string_view::npos && start.size() >= kScriptLineBytes) {
    return Status::kNotExecutable;
  }
  ScriptLine script;
  script.interpreter = line.substr(0, name_end);
  if (script.interpreter.empty()) return Status::kNotExecutable;
  if (name_end != std::string_view::npos) {
    script.argument = TrimLeft(line.substr(name_end));
    script.argument = script.argument.substr(0, script.argument.find_last_not_of(" \t") + 1);
  }
  return script;
}

}  // namespace esc::linux_abi
