#include "tools/qemu/serial_log.h"

#include <cstddef>

#include "absl/strings/string_view.h"

namespace esc::tools {
namespace {

constexpr char kEscapeByte = '\x1b';

// ECMA-48, section 5.4: a control sequence is ended by a byte of 0x40 to 0x7e.
bool EndsSequence(char c) { return c >= 0x40 && c <= 0x7e; }

}  // namespace

absl::string_view SerialLog::Append(absl::string_view raw) {
  const size_t old_size = text_.size();
  for (const char c : raw) Take(c);
  return absl::string_view(text_).substr(old_size);
}

void SerialLog::Take(char c) {
  switch (state_) {
    case State::kText:
      if (c == kEscapeByte) {
        state_ = State::kEscape;
      } else if (c != '\r' && c != '\0') {
        text_.push_back(c);
      }
      return;
    case State::kEscape:
      state_ = c == '[' ? State::kSequence : State::kText;
      return;
    case State::kSequence:
      if (EndsSequence(c)) state_ = State::kText;
      return;
  }
}

absl::string_view SerialLog::LastLines(size_t count) const {
  absl::string_view text = text_;
  size_t end = text.size();
  if (end > 0 && text[end - 1] == '\n') --end;
  for (; count > 0; --count) {
    const size_t newline = end == 0 ? absl::string_view::npos : text.rfind('\n', end - 1);
    if (newline == absl::string_view::npos) return text;
    if (count == 1) return text.substr(newline + 1);
    end = newline;
  }
  return absl::string_view();
}

}  // namespace esc::tools
