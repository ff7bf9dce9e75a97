// ioctl(2): terminals, and the few requests that every file has.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/fs/terminal.h"
#include "kernel/linux_abi/errno.h"
#include "kernel/linux_abi/layout.h"

namespace esc::linux_abi {

Answer DeviceControl(int descriptor, std::uint32_t request, std::uint64_t argument);

// termios and our own settings, both ways; what we do not act on is kept.
Termios TermiosOf(const fs::TerminalSettings& settings);
fs::TerminalSettings SettingsOf(const Termios& termios);

}  // namespace esc::linux_abi
