// System calls on descriptors: open, close, read, write, seek, duplicate, control.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Answer Open(VirtAddr path, std::uint32_t flags, std::uint32_t mode);
Answer OpenAt(int base, VirtAddr path, std::uint32_t flags, std::uint32_t mode);
Answer MakeMemoryFile(VirtAddr name, std::uint32_t flags);  // memfd_create
Answer Create(VirtAddr path, std::uint32_t mode);
Answer Close(int descriptor);
Answer CloseRange(std::uint32_t first, std::uint32_t last, std::uint32_t flags);
Answer Duplicate(int descriptor);
Answer Duplicate2(int from, int to);
Answer Duplicate3(int from, int to, std::uint32_t flags);
Answer Control(int descriptor, std::uint32_t command, std::uint64_t argument);
Answer Pipe(VirtAddr ends);
Answer Pipe2(VirtAddr ends, std::uint32_t flags);

Answer Read(int descriptor, VirtAddr buffer, std::uint64_t bytes);
Answer Write(int descriptor, VirtAddr buffer, std::uint64_t bytes);
Answer ReadAt(int descriptor, VirtAddr buffer, std::uint64_t bytes, std::int64_t offset);
Answer WriteAt(int descriptor, VirtAddr buffer, std::uint64_t bytes, std::int64_t offset);
Answer ReadVector(int descriptor, VirtAddr vectors, std::uint64_t count);
Answer WriteVector(int descriptor, VirtAddr vectors, std::uint64_t count);
Answer ReadVectorAt(int descriptor, VirtAddr vectors, std::uint64_t count, std::int64_t offset);
Answer WriteVectorAt(int descriptor, VirtAddr vectors, std::uint64_t count, std::int64_t offset);
Answer Seek(int descriptor, std::int64_t offset, int from);
// With flags: those that ask for what is so anyway. Offset -1: the file's own position.
Answer ReadVectorAt2(int descriptor, VirtAddr vectors, std::uint64_t count, std::int64_t offset, std::uint64_t offset_high,
                     std::uint32_t flags);
Answer WriteVectorAt2(int descriptor, VirtAddr vectors, std::uint64_t count, std::int64_t offset, std::uint64_t offset_high,
                      std::uint32_t flags);
Answer CopyFileRange(int in, VirtAddr in_offset, int out, VirtAddr out_offset, std::uint64_t bytes, std::uint32_t flags);
Answer SendFile(int out, int in, VirtAddr offset, std::uint64_t bytes);
Answer SyncFile(int descriptor);
Answer SyncFileSystem(int descriptor);
Answer SyncAll();
Answer TruncateFile(int descriptor, std::int64_t bytes);
Answer Truncate(VirtAddr path, std::int64_t bytes);
Answer ReadDirectory(int descriptor, VirtAddr buffer, std::uint32_t bytes);
Answer Advise(int descriptor, std::int64_t offset, std::int64_t bytes, int advice);
Answer Allocate(int descriptor, int mode, std::int64_t offset, std::int64_t bytes);

}  // namespace esc::linux_abi
