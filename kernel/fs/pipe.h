// Pipes: 64 KiB of bytes in order between processes. A write of at most kAtomicBytes is not mixed with others'.
#pragma once

#include <cstddef>

#include "kernel/base/status.h"
#include "kernel/fs/node.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::fs {

inline constexpr std::size_t kPipeBytes = 64 * 1024;
inline constexpr std::size_t kPipeAtomicBytes = 4096;  // PIPE_BUF

struct PipeEnds {
  mm::RefPtr<OpenFile> reader;
  mm::RefPtr<OpenFile> writer;
};
// Both ends share one node (fstat tells the same inode). kNoMemory.
Result<PipeEnds> MakePipe(bool non_blocking);
// A named pipe's node: each Open waits for the other side as POSIX says.
Result<mm::RefPtr<Node>> MakeFifo(std::uint16_t permissions);

}  // namespace esc::fs
