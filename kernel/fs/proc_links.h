// The links of a process's directory in /proc that lead to nodes, not to names: its working directory, its root, and its
// open files. Who follows one comes to the very node, whatever has become of its name (Linux Documentation,
// filesystems/proc.rst; proc(5)).
#pragma once

#include "kernel/base/status.h"
#include "kernel/core/process.h"
#include "kernel/fs/node.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::fs {

enum class PlaceOf : std::uint8_t { kWorkingDirectory, kRoot };
Result<mm::RefPtr<Node>> MakePlaceLink(mm::RefPtr<core::Process> process, PlaceOf which);

// /proc/PID/fd.
Result<mm::RefPtr<Node>> MakeDescriptorDirectory(mm::RefPtr<core::Process> process, Node& parent);

}  // namespace esc::fs
