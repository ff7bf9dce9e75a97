// The serial console. Input comes by upcall::OnConsoleInput.
#pragma once

#include <string_view>

namespace esc::arch {

// Writes the bytes as they are ("\n" becomes "\r\n" in the driver). Any context; whole calls do not mix.
void ConsoleWrite(std::string_view text);

}  // namespace esc::arch
