// One line to the console, from any context. `Log("mm: {} frames free", n)`; the line break is added.
#pragma once

#include <span>
#include <string_view>

#include "kernel/base/format.h"
#include "kernel/base/port.h"

namespace esc {

template <class... Args>
void Log(std::string_view format, const Args&... args) {
  // One byte stays free for the line break: a line that is cut still ends.
  char storage[256];
  TextBuffer line(std::span<char>(storage, sizeof(storage) - 1));
  line.Format(format, args...);
  storage[line.size()] = '\n';
  port::WriteLog({storage, line.size() + 1});
}

template <class... Args>
[[noreturn]] void Panic(std::string_view format, const Args&... args) {
  FixedText<256> line;
  line.Format(format, args...);
  port::Panic(line.view());
}

}  // namespace esc
