// The largest block of frames: 2^kMaxOrder of them, 4 MiB.
#pragma once

namespace esc::mm {

inline constexpr unsigned kMaxOrder = 10;

}  // namespace esc::mm
