// Text that comes from user memory: path names and argument vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/linux_abi/initial_stack.h"
#include "kernel/mm/heap.h"

namespace esc::linux_abi {

// A path name copied from the running process: short ones without an allocation. kNameTooLong, kFault, kNoMemory.
class UserPath {
 public:
  UserPath() = default;
  ~UserPath();
  UserPath(const UserPath&) = delete;
  UserPath& operator=(const UserPath&) = delete;
  Status Copy(VirtAddr from);
  std::string_view view() const { return text_; }

 private:
  char small_[128];
  char* large_ = nullptr;
  std::string_view text_;
};

// One argument with its zero (MAX_ARG_STRLEN).
inline constexpr std::size_t kMaxArgumentText = 128 * 1024;

// Zero-terminated strings in a kernel buffer that grows: argv and envp of execve. kTooLarge past kMaxArgumentBytes
// in all, or kMaxArgumentText in one.
class ArgumentBlock {
 public:
  ArgumentBlock() = default;
  ~ArgumentBlock();
  ArgumentBlock(const ArgumentBlock&) = delete;
  ArgumentBlock& operator=(const ArgumentBlock&) = delete;

  Status Add(std::string_view text);
  // The vector of pointers at `vector`, up to its null; 0: none.
  Status AddFromUser(VirtAddr vector);
  // Puts the strings in place of the first one of what is there (what `#!` does to argv).
  Status ReplaceFirst(std::span<const std::string_view> texts);
  StringBlock view() const { return {{bytes_, size_}, count_}; }
  void Swap(ArgumentBlock& other);

 private:
  Status Reserve(std::size_t bytes);
  Status AddStringFromUser(VirtAddr from);
  char* bytes_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0, count_ = 0;
};

}  // namespace esc::linux_abi
