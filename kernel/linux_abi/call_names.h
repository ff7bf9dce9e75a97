// The names of all of Linux's system calls on x86-64, for messages about those that are not in the table.
#pragma once

#include <cstdint>
#include <string_view>

namespace esc::linux_abi {

// Empty for a number that Linux does not use either.
std::string_view CallName(std::uint64_t number);

}  // namespace esc::linux_abi
