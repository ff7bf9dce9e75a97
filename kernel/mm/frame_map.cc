#include "kernel/mm/frame_map.h"

#include <algorithm>
#include <limits>

#include "kernel/base/bits.h"

namespace esc::mm {
namespace {

using arch::MemoryKind;
using arch::MemoryRange;

// No machine has more: 2^52 bytes of physical addresses (SDM vol. 3A, 4.1.4).
constexpr std::uint64_t kMaxAddress = std::uint64_t{1} << 52;

std::uint64_t EndOf(const MemoryRange& range) {
  if (range.base.value >= kMaxAddress) return range.base.value;
  return range.base.value + std::min(range.bytes, kMaxAddress - range.base.value);
}

// Whole frames inside.
FrameRange Inner(const MemoryRange& range) {
  const std::uint64_t begin = DivideRoundUp<std::uint64_t>(range.base.value, kPageSize);
  const std::uint64_t end = EndOf(range) / kPageSize;
  return {FrameNumber{std::max<std::uint64_t>(begin, 1)}, FrameNumber{end}};
}

// Every frame touched.
FrameRange Outer(const MemoryRange& range) {
  return {FrameNumber{range.base.value / kPageSize}, FrameNumber{DivideRoundUp<std::uint64_t>(EndOf(range), kPageSize)}};
}

// Where the frame at `at` changes its kind next, and what it is until then.
struct Stretch {
  bool free;
  FrameNumber end;
};

void Consider(FrameRange range, FrameNumber at, bool& inside, FrameNumber& end) {
  if (range.count() == 0 || range.end <= at) return;
  if (range.begin <= at) {
    inside = true;
    end = std::min(end, range.end);
  } else {
    end = std::min(end, range.begin);
  }
}

Stretch StretchAt(const arch::BootInfo& info, FrameNumber at) {
  bool usable = false;
  bool taken = false;
  FrameNumber end{kMaxAddress / kPageSize};
  for (const MemoryRange& range : info.memory) {
    if (range.kind == MemoryKind::kUsable) {
      Consider(Inner(range), at, usable, end);
    } else {
      Consider(Outer(range), at, taken, end);
    }
  }
  for (const MemoryRange& range : info.reserved) Consider(Outer(range), at, taken, end);
  return {usable && !taken, end};
}

}  // namespace

FrameRange UsableSpan(const arch::BootInfo& info) {
  FrameRange span{FrameNumber{std::numeric_limits<std::uint64_t>::max()}, FrameNumber{0}};
  for (const MemoryRange& range : info.memory) {
    const FrameRange inner = Inner(range);
    if (range.kind != MemoryKind::kUsable || inner.count() == 0) continue;
    span.begin = std::min(span.begin, inner.begin);
    span.end = std::max(span.end, inner.end);
  }
  return span.count() == 0 ? FrameRange{} : span;
}

void ForEachFreeRun(const arch::BootInfo& info, FunctionRef<void(FrameRange)> visit) {
  const FrameRange span = UsableSpan(info);
  FrameRange run{span.begin, span.begin};
  for (FrameNumber at = span.begin; at < span.end;) {
    const Stretch stretch = StretchAt(info, at);
    const FrameNumber end = std::min(stretch.end, span.end);
    if (stretch.free) {
      if (run.end != at) run.begin = at;
      run.end = end;
    }
    at = end;
    // A run ends at something that is not free, not where two ranges meet.
    if (run.count() != 0 && (!stretch.free || at >= span.end)) {
      visit(run);
      run = {at, at};
    }
  }
}

std::optional<FrameRange> FindFreeRun(const arch::BootInfo& info, std::uint64_t frames) {
  std::optional<FrameRange> found;
  ForEachFreeRun(info, [&](FrameRange run) {
    if (!found && run.count() >= frames) found = FrameRange{run.begin, run.begin + frames};
  });
  return found;
}

}  // namespace esc::mm
