// How user code may read the monotonic clock by itself.
#pragma once

#include <cstdint>

namespace esc::arch {

// Now() == (counter - start) * multiplier / 2^32, for as long as the machine runs.
struct UserClock {
  bool readable = false;  // whether user mode can read the counter; without it the rest means nothing
  std::uint64_t start = 0, multiplier = 0;
};
UserClock GetUserClock();

}  // namespace esc::arch
