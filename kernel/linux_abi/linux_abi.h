// The Linux user ABI as the rest of the kernel starts it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/base/format.h"
#include "kernel/base/status.h"
#include "kernel/fs/node.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::linux_abi {

// Registers with core. Once, before the first user process.
void InitLinuxAbi();

// Starts `path` as process 1 with /dev/console as its descriptors 0, 1 and 2 and `root` as root and working directory.
// `arguments` are those behind argv[0]; `environment` is "NAME=value". On an error `message` says in one line which
// file and what is wrong with it.
Status StartInitProgram(const mm::RefPtr<fs::Node>& root, std::string_view path, std::span<const std::string_view> arguments,
                        std::span<const std::string_view> environment, TextBuffer& message);

// What reboot(2) gives arch::PowerOff when it powers off; 0 until set.
void SetPowerOffCode(std::uint8_t code);

// Calls that this kernel does not have, since boot.
std::uint64_t UnknownCalls();

}  // namespace esc::linux_abi
