// Text into a fixed buffer: what logs, panics and /proc are written with. No allocation, no locale.
//
// `{}` takes the next argument; `{:x}` writes an integer in hexadecimal. More text than room is cut, and
// `truncated()` says so. Cost: one pass.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc {

class TextBuffer {
 public:
  explicit TextBuffer(std::span<char> storage) : storage_(storage) {}

  std::string_view view() const { return {storage_.data(), size_}; }
  std::size_t size() const { return size_; }
  bool truncated() const { return truncated_; }
  void Clear() {
    size_ = 0;
    truncated_ = false;
  }

  void Append(std::string_view text);
  void Append(char c) { Append(std::string_view(&c, 1)); }
  void AppendUnsigned(std::uint64_t value, unsigned base = 10, unsigned min_digits = 1);
  void AppendSigned(std::int64_t value);
  // Left-aligned in a field of `width`, padded with spaces.
  void AppendPadded(std::string_view text, std::size_t width);

  template <class... Args>
  void Format(std::string_view format, const Args&... args) {
    const Argument list[] = {Argument(args)..., Argument(0u)};
    FormatArguments(format, std::span<const Argument>(list, sizeof...(Args)));
  }

 private:
  struct Argument {
    enum class Kind : std::uint8_t { kUnsigned, kSigned, kText, kChar } kind;
    std::uint64_t bits = 0;
    std::string_view text;

    template <std::unsigned_integral T>
      requires(!std::same_as<T, bool>)
    Argument(T value) : kind(Kind::kUnsigned), bits(value) {}  // NOLINT: implicit by design, as are all below
    template <std::signed_integral T>
      requires(!std::same_as<T, char>)
    Argument(T value) : kind(Kind::kSigned), bits(static_cast<std::uint64_t>(std::int64_t{value})) {}  // NOLINT
    Argument(bool value) : kind(Kind::kText), text(value ? "true" : "false") {}            // NOLINT
    Argument(char value) : kind(Kind::kChar), bits(static_cast<unsigned char>(value)) {}   // NOLINT
    Argument(std::string_view value) : kind(Kind::kText), text(value) {}                   // NOLINT
    Argument(const char* value) : kind(Kind::kText), text(value) {}                        // NOLINT
    Argument(const void* value) : kind(Kind::kUnsigned), bits(reinterpret_cast<std::uintptr_t>(value)) {}  // NOLINT
    Argument(Status value) : kind(Kind::kText), text(StatusName(value)) {}                 // NOLINT
    Argument(Nanos value) : Argument(value.value) {}                                       // NOLINT
    Argument(PhysAddr value) : Argument(value.value) {}                                    // NOLINT
    Argument(VirtAddr value) : Argument(value.value) {}                                    // NOLINT
    Argument(FrameNumber value) : Argument(value.value) {}                                 // NOLINT
    Argument(CpuId value) : Argument(value.value) {}                                       // NOLINT
    Argument(Pid value) : Argument(value.value) {}                                         // NOLINT
  };
  void FormatArguments(std::string_view format, std::span<const Argument> args);
  void AppendArgument(const Argument& argument, bool hexadecimal);

  std::span<char> storage_;
  std::size_t size_ = 0;
  bool truncated_ = false;
};

// A buffer with its own storage: `FixedText<128> line; line.Format("pid {}", pid);`
template <std::size_t kSize>
class FixedText : public TextBuffer {
 public:
  FixedText() : TextBuffer(std::span<char>(storage_, kSize)) {}
  FixedText(const FixedText&) = delete;
  FixedText& operator=(const FixedText&) = delete;

 private:
  char storage_[kSize];
};

}  // namespace esc
