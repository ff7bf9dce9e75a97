#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace esc::tools {

// What the guest wrote to its serial port, made fit to be read and searched: escape sequences, carriage returns and
// zero bytes, which firmware and boot loader write, are left out.
class SerialLog {
 public:
  // Takes the next raw bytes, cut anywhere, and returns the text that they add.
  absl::string_view Append(absl::string_view raw);

  const std::string& text() const { return text_; }
  bool Contains(absl::string_view wanted) const { return absl::StrContains(text_, wanted); }

  // The last `count` lines, the last one perhaps unfinished.
  absl::string_view LastLines(size_t count) const;

 private:
  enum class State { kText, kEscape, kSequence };

  void Take(char c);

  State state_ = State::kText;
  std::string text_;
};

}  // namespace esc::tools
