#include "kernel/linux_abi/user_text.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kernel/fs/paths.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {

UserPath::~UserPath() { mm::Free(large_); }

Status UserPath::Copy(VirtAddr from) {
  Result<std::size_t> length = mm::CopyStringFromUser(small_, from);
  if (length.ok()) {
    text_ = {small_, *length};
    return Status::kOk;
  }
  if (length.status() != Status::kTooLarge) return length.status();
  mm::Free(large_);
  large_ = static_cast<char*>(mm::Allocate(fs::kMaxPath + 1));
  if (large_ == nullptr) return Status::kNoMemory;
  length = mm::CopyStringFromUser({large_, fs::kMaxPath + 1}, from);
  if (!length.ok()) return length.status() == Status::kTooLarge ? Status::kNameTooLong : length.status();
  text_ = {large_, *length};
  return Status::kOk;
}

ArgumentBlock::~ArgumentBlock() { mm::Free(bytes_); }

void ArgumentBlock::Swap(ArgumentBlock& other) {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  std::swap(count_, other.count_);
}

// Room for `bytes` more.
Status ArgumentBlock::Reserve(std::size_t bytes) {
  if (bytes > kMaxArgumentBytes - size_) return Status::kTooLarge;
  if (size_ + bytes <= capacity_) return Status::kOk;
  const std::size_t capacity = std::min(std::max(2 * capacity_, std::max<std::size_t>(2048, size_ + bytes)), kMaxArgumentBytes);
  char* grown = static_cast<char*>(mm::Allocate(capacity));
  if (grown == nullptr) return Status::kNoMemory;
  if (size_ != 0) std::memcpy(grown, bytes_, size_);
  mm::Free(bytes_);
  bytes_ = grown;
  capacity_ = capacity;
  return Status::kOk;
}

Status ArgumentBlock::Add(std::string_view text) {
  ESC_TRY(Reserve(text.size() + 1));
  if (!text.empty()) std::memcpy(bytes_ + size_, text.data(), text.size());
  bytes_[size_ + text.size()] = '\0';
  size_ += text.size() + 1;
  ++count_;
  return Status::kOk;
}

Status ArgumentBlock::AddStringFromUser(VirtAddr from) {
  const std::size_t begin = size_;
  ESC_TRY(Reserve(64));
  while (true) {
    const Result<std::size_t> length = mm::CopyStringFromUser({bytes_ + size_, capacity_ - size_}, from);
    if (length.ok()) {
      if (*length >= kMaxArgumentText) return Status::kTooLarge;
      size_ += *length + 1;
      ++count_;
      return Status::kOk;
    }
    if (length.status() != Status::kTooLarge) return length.status();
    if (capacity_ == kMaxArgumentBytes || capacity_ - begin > kMaxArgumentText) return Status::kTooLarge;
    ESC_TRY(Reserve(std::min(capacity_ - size_ + 1, kMaxArgumentBytes - size_)));
  }
}

Status ArgumentBlock::AddFromUser(VirtAddr vector) {
  if (vector.value == 0) return Status::kOk;
  for (;; vector = vector + 8) {
    const auto text = ESC_TRY(mm::ReadUser<std::uint64_t>(vector));
    if (text == 0) return Status::kOk;
    ESC_TRY(AddStringFromUser({text}));
  }
}

Status ArgumentBlock::ReplaceFirst(std::span<const std::string_view> texts) {
  ArgumentBlock replaced;
  for (const std::string_view text : texts) ESC_TRY(replaced.Add(text));
  std::string_view rest = view().bytes;
  if (count_ != 0) rest.remove_prefix(rest.find('\0') + 1);
  ESC_TRY(replaced.Reserve(rest.size()));
  if (!rest.empty()) std::memcpy(replaced.bytes_ + replaced.size_, rest.data(), rest.size());
  replaced.size_ += rest.size();
  if (count_ != 0) replaced.count_ += count_ - 1;
  Swap(replaced);
  return Status::kOk;
}

}  // namespace esc::linux_abi
