// The system call table as dispatch indexes it and as documents list it.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "kernel/linux_abi/call.h"

namespace esc::linux_abi {

inline constexpr std::size_t kTableSize = 464;

// By number; null where there is no such call here.
extern const std::array<Handler, kTableSize> kHandlers;

// Ascending by number.
std::span<const Call> Calls();

}  // namespace esc::linux_abi
