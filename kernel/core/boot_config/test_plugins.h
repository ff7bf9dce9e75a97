// Plugins that schedule nothing, for the tests of the boot config: what matters is what they say of themselves.
#pragma once

#include <array>

#include "kernel/core/sched_api/descriptor.h"

namespace esc::boot_config::test {

inline constexpr std::array<sched::ParameterSpec, 3> kTurnParameters = {{
    {.name = "slice_us", .field = 1, .default_value = 4'000, .minimum = 100, .maximum = 1'000'000, .unit = "us"},
    {.name = "levels", .field = 2, .default_value = 3, .minimum = 2, .maximum = 8, .unit = "levels"},
    {.name = "budget", .field = 7, .default_value = 0, .minimum = 0},
}};

// `levels` times `slice_us` may be a second at most.
inline Status CheckTurns(std::span<const std::uint64_t> values, TextBuffer& message) {
  if (values[0] * values[1] <= 1'000'000) return Status::kOk;
  message.Format("slice_us {} times levels {} is over 1000000", values[0], values[1]);
  return Status::kOutOfRange;
}

inline constexpr sched::Descriptor kTurns = {
    .name = "turns",
    .summary = "takes parameters",
    .capabilities = sched::Capability::kPreemption | sched::Capability::kStealing,
    .parameter_message = "test.TurnParameters",
    .parameters = kTurnParameters,
    .check_parameters = CheckTurns,
};
inline constexpr sched::Descriptor kPlain = {.name = "plain", .summary = "takes none"};
inline constexpr sched::Descriptor kFuture = {
    .name = "future", .contract_version = 9, .summary = "of another contract"};

inline constexpr std::array<const sched::Descriptor*, 3> kTable = {&kTurns, &kPlain, &kFuture};

}  // namespace esc::boot_config::test
