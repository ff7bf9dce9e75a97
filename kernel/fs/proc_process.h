// The directory of one process in /proc, and the texts in it.
#pragma once

#include <string_view>

#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/fs/node.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::fs {

// kNotFound when there is no such process.
Result<mm::RefPtr<Node>> MakeProcessDirectory(Pid pid, Node& proc);

// Inode numbers of /proc's dynamic nodes: the same name has the same number each time.
constexpr std::uint64_t ProcessInode(Pid pid, std::uint64_t which) {
  return std::uint64_t{1} << 40 | static_cast<std::uint64_t>(pid.value) << 8 | which;
}

}  // namespace esc::fs
