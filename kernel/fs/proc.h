// /proc: processes and the machine as `ps`, `top` and `free` expect them (Linux Documentation/filesystems/proc.rst).
#pragma once

#include "kernel/base/status.h"
#include "kernel/fs/node.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::fs {

// The directory, below `parent`. Static files are nodes; those of processes are made at look-up, so they cost nothing
// and cannot be stale. kNoMemory.
Result<mm::RefPtr<Node>> MakeProc(Node& parent);

}  // namespace esc::fs
