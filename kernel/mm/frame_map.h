// Which frames the allocator may have: the firmware's ranges minus what is taken, as pure arithmetic over ranges that may
// be unsorted, overlapping, tiny, or wrap.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/arch_api/boot_info.h"
#include "kernel/base/function_ref.h"
#include "kernel/base/units.h"

namespace esc::mm {

// [begin, end) in whole frames.
struct FrameRange {
  FrameNumber begin;
  FrameNumber end;
  constexpr std::uint64_t count() const { return end > begin ? end.value - begin.value : 0; }
  bool operator==(const FrameRange&) const = default;
};

// The smallest range that holds every usable frame; empty when there is none.
FrameRange UsableSpan(const arch::BootInfo& info);

// Calls `visit` for each maximal run of frames that lie whole in usable RAM and touch nothing reserved, ascending, each
// frame once. Frame 0 is never among them, so that no null pointer is ever RAM. Cost: O(ranges squared).
void ForEachFreeRun(const arch::BootInfo& info, FunctionRef<void(FrameRange)> visit);

// The lowest free run of `frames` frames, for the allocator's own tables.
std::optional<FrameRange> FindFreeRun(const arch::BootInfo& info, std::uint64_t frames);

}  // namespace esc::mm
