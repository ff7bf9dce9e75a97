// flock, and fcntl's locks.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/core/file.h"
#include "kernel/core/process.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Answer LockFile(int descriptor, std::uint32_t operation);
// F_GETLK, F_SETLK, F_SETLKW and their F_OFD_ forms.
Answer ControlLock(core::File& file, std::uint32_t command, VirtAddr lock);

// Any close of a file by a process ends the process's record locks on it (fcntl(2)).
void ReleaseLocksOnClose(core::File& file);
void ReleaseLocksOf(const core::Process& process);
// A description was closed for the last time.
void ReleaseLocksOf(const core::File& file);

}  // namespace esc::linux_abi
