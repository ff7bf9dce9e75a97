// The trace categories by name: bit number of BootConfig::trace_categories, number - 1 in the proto.
#pragma once

#include <array>
#include <string_view>

namespace esc::boot_config {

inline constexpr std::array<std::string_view, 6> kTraceNames = {"scheduling", "interrupts", "system_calls",
                                                                "faults",     "plugins",    "processes"};
inline constexpr unsigned kTraceCategories = kTraceNames.size();

}  // namespace esc::boot_config
