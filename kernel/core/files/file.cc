#include "kernel/core/file.h"

#include <algorithm>
#include <cstring>

#include "kernel/mm/user_copy.h"

namespace esc::core {

Status IoBuffer::CopyIn(void* to, std::size_t bytes) {
  bytes = std::min(bytes, remaining_);
  if (user_) {
    ESC_TRY(mm::CopyFromUser(to, address_, bytes));
  } else {
    std::memcpy(to, reinterpret_cast<const void*>(address_.value), bytes);
  }
  address_ = address_ + bytes;
  remaining_ -= bytes;
  done_ += bytes;
  return Status::kOk;
}

Status IoBuffer::CopyOut(const void* from, std::size_t bytes) {
  bytes = std::min(bytes, remaining_);
  if (user_) {
    ESC_TRY(mm::CopyToUser(address_, from, bytes));
  } else {
    std::memcpy(reinterpret_cast<void*>(address_.value), from, bytes);
  }
  address_ = address_ + bytes;
  remaining_ -= bytes;
  done_ += bytes;
  return Status::kOk;
}

}  // namespace esc::core
