// What /proc/PID/exe shows: the absolute path of a program file, symbolic links in its last component followed.
#pragma once

#include <span>
#include <string_view>

#include "kernel/base/status.h"
#include "kernel/fs/paths.h"

namespace esc::linux_abi {

// Into `to`, terminated; cut when it is longer. kNoMemory, or what reading a link answers.
Status WriteProgramPath(fs::Paths& paths, fs::Node* base, std::string_view path, std::span<char> to);

}  // namespace esc::linux_abi
