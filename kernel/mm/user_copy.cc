#include "kernel/mm/user_copy.h"

#include <algorithm>
#include <cstring>

namespace esc::mm {

Status CopyFromUser(void* to, VirtAddr from, std::size_t bytes) {
  return arch::CopyFromUser(to, from, bytes) == bytes ? Status::kOk : Status::kFault;
}

Status CopyToUser(VirtAddr to, const void* from, std::size_t bytes) {
  return arch::CopyToUser(to, from, bytes) == bytes ? Status::kOk : Status::kFault;
}

Status ZeroUser(VirtAddr to, std::size_t bytes) {
  return arch::ZeroUser(to, bytes) == bytes ? Status::kOk : Status::kFault;
}

Result<std::size_t> CopyStringFromUser(std::span<char> buffer, VirtAddr from) {
  // Pieces never cross a page: the string may end right before one that is not mapped. Most strings are short, so the
  // pieces begin small.
  constexpr std::size_t kFirstPiece = 32;
  std::size_t length = 0;
  for (std::size_t piece = kFirstPiece; length < buffer.size(); piece *= 2) {
    const VirtAddr at = from + length;
    const std::size_t bytes =
        std::min({piece, buffer.size() - length, static_cast<std::size_t>(kPageSize - at.PageOffset())});
    char* to = buffer.data() + length;
    ESC_TRY(CopyFromUser(to, at, bytes));
    if (const void* end = std::memchr(to, 0, bytes); end != nullptr) {
      return static_cast<std::size_t>(static_cast<const char*>(end) - buffer.data());
    }
    length += bytes;
  }
  if (!buffer.empty()) buffer.back() = '\0';
  return Status::kTooLarge;
}

}  // namespace esc::mm
