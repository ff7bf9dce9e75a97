// How a range of user memory behaves.
#pragma once

#include <cstdint>

namespace esc::mm {

enum class Sharing : std::uint8_t { kPrivate, kShared };
enum class Growth : std::uint8_t { kFixed, kDown };  // kDown: a stack, grows on a fault just below it

}  // namespace esc::mm
