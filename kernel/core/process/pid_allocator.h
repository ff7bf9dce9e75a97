// Hands out process and thread numbers 1 .. kMaxPid, each again only after all others have had their turn.
// Not thread-safe: the process table's lock guards it. Cost: O(kMaxPid / 64) at worst, O(1) as a rule.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernel/base/check.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::core {

class PidAllocator {
 public:
  static constexpr std::int32_t kMaxPid = 65'536;
  static constexpr std::int32_t kFirst = 2;  // 1 is init's, which is asked for by name

  // kWouldBlock when all are taken.
  Result<Pid> Allocate() {
    Pid found = NextFree(cursor_);
    if (found.value == 0) found = NextFree(kFirst);
    if (found.value == 0) return Status::kWouldBlock;
    cursor_ = found.value + 1;
    Set(found);
    return found;
  }
  // That one; kAlreadyExists.
  Status Take(Pid pid) {
    if (Used(pid)) return Status::kAlreadyExists;
    Set(pid);
    return Status::kOk;
  }
  void Release(Pid pid) {
    ESC_CHECK(Used(pid));
    words_[Index(pid)] &= ~Bit(pid);
  }
  bool Used(Pid pid) const {
    return pid.value >= 1 && pid.value <= kMaxPid && (words_[Index(pid)] & Bit(pid)) != 0;
  }
  // The lowest one in use that is at least `from`; 0 when there is none.
  Pid NextUsed(Pid from) const {
    return Scan(from.value < 1 ? 1 : from.value, [this](std::size_t i) { return words_[i]; });
  }

 private:
  static constexpr std::size_t kWords = (kMaxPid + 64) / 64;
  static constexpr std::size_t Index(Pid pid) { return static_cast<std::size_t>(pid.value) / 64; }
  static constexpr std::uint64_t Bit(Pid pid) { return std::uint64_t{1} << (pid.value % 64); }
  void Set(Pid pid) { words_[Index(pid)] |= Bit(pid); }
  Pid NextFree(std::int32_t from) const {
    return Scan(from, [this](std::size_t i) { return ~words_[i]; });
  }
  template <class Word>
  static Pid Scan(std::int32_t from, Word word) {
    if (from > kMaxPid) return {};
    std::size_t index = Index(Pid{from});
    std::uint64_t bits = word(index) & (~std::uint64_t{0} << (from % 64));
    while (bits == 0) {
      if (++index == kWords) return {};
      bits = word(index);
    }
    const auto pid = static_cast<std::int32_t>(index * 64) + std::countr_zero(bits);
    return pid > kMaxPid ? Pid{} : Pid{pid};
  }

  std::array<std::uint64_t, kWords> words_{};
  std::int32_t cursor_ = kFirst;
};

}  // namespace esc::core
