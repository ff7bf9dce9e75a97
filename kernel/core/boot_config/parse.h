// Numbers and separated lists in text, for the boot config and the command line.
#pragma once

#include <cstdint>
#include <string_view>

namespace esc::boot_config {

// Decimal digits and nothing else, up to 2^64 - 1.
constexpr bool ParseUnsigned(std::string_view text, std::uint64_t& value) {
  if (text.empty()) return false;
  value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (~std::uint64_t{0} - digit) / 10) return false;
    value = value * 10 + digit;
  }
  return true;
}

// What comes before the first `separator`, which is taken off `rest` with it; all of it when there is none.
constexpr std::string_view TakeUntil(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

}  // namespace esc::boot_config
