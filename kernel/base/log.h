// One line to the console, from any context. `Log("mm: {} frames free", n)`; the line break is added.
#pragma once

#include "kernel/base/format.h"
#include "kernel/base/port.h"

namespace esc {

template <class... Args>
void Log(std::string_view format, const Args&... args) {
  FixedText<256> line;
  line.Format(format, args...);
  line.Append('\n');
  port::WriteLog(line.view());
}

template <class... Args>
[[noreturn]] void Panic(std::string_view format, const Args&... args) {
  FixedText<256> line;
  line.Format(format, args...);
  port::Panic(line.view());
}

}  // namespace esc
