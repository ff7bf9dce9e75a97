// Checked access to the running process's memory: the only way from kernel code to user pointers.
// Interrupts on, no spin lock held: a fault may block. kFault when any byte is not accessible; what was copied
// until then stays copied.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include "kernel/arch_api/paging.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::mm {

Status CopyFromUser(void* to, VirtAddr from, std::size_t bytes);
Status CopyToUser(VirtAddr to, const void* from, std::size_t bytes);
Status ZeroUser(VirtAddr to, std::size_t bytes);

// A plain struct from or to user memory.
template <class T>
  requires std::is_trivially_copyable_v<T>
Result<T> ReadUser(VirtAddr from) {
  // Written whole, or not looked at: -ftrivial-auto-var-init need not clear it before.
  [[clang::uninitialized]] T value;
  ESC_TRY(CopyFromUser(&value, from, sizeof(T)));
  return value;
}
template <class T>
  requires std::is_trivially_copyable_v<T>
Status WriteUser(VirtAddr to, const T& value) {
  return CopyToUser(to, &value, sizeof(T));
}

// A zero-terminated string of at most buffer.size()-1 bytes into `buffer` (terminated); its length. kTooLarge
// (the caller makes ENAMETOOLONG or E2BIG of it) when it is longer.
Result<std::size_t> CopyStringFromUser(std::span<char> buffer, VirtAddr from);

}  // namespace esc::mm
