#include "kernel/base/format.h"

#include <algorithm>
#include <cstring>

namespace esc {

void TextBuffer::Append(std::string_view text) {
  const std::size_t fits = std::min(text.size(), storage_.size() - size_);
  if (fits != 0) std::memcpy(storage_.data() + size_, text.data(), fits);
  size_ += fits;
  truncated_ |= fits < text.size();
}

void TextBuffer::AppendUnsigned(std::uint64_t value, unsigned base, unsigned min_digits) {
  char digits[64];
  std::size_t count = 0;
  do {
    digits[count++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  while (count < min_digits && count < sizeof(digits)) digits[count++] = '0';
  std::reverse(digits, digits + count);
  Append(std::string_view(digits, count));
}

void TextBuffer::AppendSigned(std::int64_t value) {
  if (value < 0) Append('-');
  // Negating in unsigned arithmetic is defined for the smallest value too.
  const auto bits = static_cast<std::uint64_t>(value);
  AppendUnsigned(value < 0 ? ~bits + 1 : bits);
}

void TextBuffer::AppendPadded(std::string_view text, std::size_t width) {
  Append(text);
  for (std::size_t column = text.size(); column < width; ++column) Append(' ');
}

void TextBuffer::AppendArgument(const Argument& argument, bool hexadecimal) {
  switch (argument.kind) {
    case Argument::Kind::kText:
      return Append(argument.text);
    case Argument::Kind::kChar:
      return Append(static_cast<char>(argument.bits));
    case Argument::Kind::kUnsigned:
      return AppendUnsigned(argument.bits, hexadecimal ? 16 : 10);
    case Argument::Kind::kSigned:
      if (hexadecimal) return AppendUnsigned(argument.bits, 16);
      return AppendSigned(static_cast<std::int64_t>(argument.bits));
  }
}

void TextBuffer::FormatArguments(std::string_view format, std::span<const Argument> args) {
  std::size_t next = 0;
  while (!format.empty()) {
    const std::size_t brace = format.find('{');
    Append(format.substr(0, brace));
    if (brace == std::string_view::npos) return;
    format.remove_prefix(brace);
    const std::size_t close = format.find('}');
    if (close == std::string_view::npos || next >= args.size()) return Append(format);
    AppendArgument(args[next++], format.substr(0, close) == "{:x");
    format.remove_prefix(close + 1);
  }
}

}  // namespace esc
