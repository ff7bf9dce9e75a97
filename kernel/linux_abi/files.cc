// Bytes in and out of files.
#include "kernel/linux_abi/files.h"

#include <algorithm>
#include <array>
#include <limits>

#include "kernel/core/file.h"
#include "kernel/fs/paths.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/user_text.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

constexpr std::size_t kCopyChunk = 16 * 1024;
constexpr std::size_t kVectorsAtOnce = 16;

// RLIMIT_FSIZE is reached.
Answer PastSizeLimit() {
  const core::SignalInfo info{.signal = core::Signal::kFileLimit, .code = kCodeUser, .sender = core::CurrentProcess().pid()};
  (void)core::SendSignalToThread(core::CurrentThread(), info);
  return Errno::kFBig;
}

Answer Resize(fs::Node& node, std::uint64_t bytes) {
  std::uint64_t limit;
  {
    core::Process& process = core::CurrentProcess();
    SpinLockGuard guard(process.lock);
    limit = process.limits[static_cast<std::size_t>(core::Resource::kFileSize)].current;
  }
  if (bytes > limit && bytes > node.GetAttributes().size) return PastSizeLimit();
  return node.Truncate(bytes);
}

// What a write answers beyond its status: SIGPIPE, and file-size limits in their own words.
Answer AnswerWrite(const Result<std::size_t>& written) {
  if (written.ok()) return *written;
  if (written.status() == Status::kBrokenPipe) {
    const core::SignalInfo info{.signal = core::Signal::kPipe, .code = kCodeUser, .sender = core::CurrentProcess().pid()};
    (void)core::SendSignalToThread(core::CurrentThread(), info);
    return Errno::kPipe;
  }
  if (written.status() == Status::kResourceLimit) return PastSizeLimit();
  if (written.status() == Status::kTooLarge) return Errno::kFBig;
  return written.status();
}

bool Readable(const HeldFile& file) { return file && file->mode().readable; }
bool Writable(const HeldFile& file) { return file && file->mode().writable; }

core::IoBuffer UserBuffer(VirtAddr at, std::uint64_t bytes) {
  return core::IoBuffer::User(at, static_cast<std::size_t>(std::min(bytes, kMaxIo)));
}

Answer AnswerRead(const Result<std::size_t>& read) {
  // Directories have no bytes to read; devices without reading say so as a bad argument (read(2)).
  if (!read.ok() && read.status() == Status::kNotSupported) return Errno::kInval;
  return read;
}

enum class Direction : std::uint8_t { kIn, kOut };

// The vectors of readv and writev, a few at a time. Checks the total first, as Linux does.
class Vectors {
 public:
  Vectors(VirtAddr at, std::uint64_t count) : at_(at), count_(count) {}
  Result<std::uint64_t> Total() {
    if (count_ > kMaxVectors) return Status::kInvalidArgument;
    std::uint64_t total = 0;
    for (std::uint64_t i = 0; i < count_; ++i) {
      const IoVector vector = ESC_TRY(Get(i));
      if (static_cast<std::int64_t>(vector.length) < 0) return Status::kInvalidArgument;
      total = std::min(total + vector.length, kMaxIo);
    }
    return total;
  }
  Result<IoVector> Get(std::uint64_t index) {
    if (index < loaded_ || index >= loaded_ + kVectorsAtOnce || !any_) {
      const std::uint64_t take = std::min<std::uint64_t>(kVectorsAtOnce, count_ - index);
      ESC_TRY(mm::CopyFromUser(some_.data(), at_ + index * sizeof(IoVector), take * sizeof(IoVector)));
      loaded_ = index;
      any_ = true;
    }
    return some_[index - loaded_];
  }
  std::uint64_t count() const { return count_; }

 private:
  VirtAddr at_;
  std::uint64_t count_, loaded_ = 0;
  bool any_ = false;
  std::array<IoVector, kVectorsAtOnce> some_;
};

// A gathered write: small ones go as a whole, so that they stay together in pipes and appended files.
Answer WriteGathered(core::File& file, Vectors& vectors, std::uint64_t total) {
  char* block = static_cast<char*>(mm::Allocate(total));
  if (block == nullptr) return Status::kNoMemory;
  const mm::Owned<char> owner(block);
  std::size_t filled = 0;
  for (std::uint64_t i = 0; i < vectors.count() && filled < total; ++i) {
    const IoVector vector = ESC_TRY(vectors.Get(i));
    const std::size_t take = std::min<std::size_t>(vector.length, total - filled);
    ESC_TRY(mm::CopyFromUser(block + filled, {vector.base}, take));
    filled += take;
  }
  return AnswerWrite(file.Write(core::IoBuffer::Kernel(block, filled)));
}

using Mover = FunctionRef<Result<std::size_t>(core::IoBuffer buffer, std::uint64_t done)>;

Answer MoveVectors(Vectors& vectors, std::uint64_t total, core::File& file, Direction direction, Mover move) {
  std::uint64_t done = 0;
  for (std::uint64_t i = 0; i < vectors.count() && done < total; ++i) {
    const Result<IoVector> vector = vectors.Get(i);
    if (!vector.ok()) return done != 0 ? Answer(done) : Answer(vector.status());
    const std::uint64_t wanted = std::min(vector->length, total - done);
    if (wanted == 0) continue;
    // What is there is given: a second piece must not wait for more.
    if (done != 0 && direction == Direction::kIn && (file.Poll() & core::Readiness::kReadable) == core::Readiness::kNone) break;
    const Result<std::size_t> moved = move(UserBuffer({vector->base}, wanted), done);
    if (!moved.ok()) {
      if (done != 0) break;
      return direction == Direction::kOut ? AnswerWrite(moved) : AnswerRead(moved);
    }
    done += *moved;
    if (*moved < wanted) break;
  }
  return done;
}

// What a copy inside the kernel moved, and what ended it early.
struct Copied {
  std::uint64_t done = 0;
  Answer trouble = 0;
};

// From `start` of the source on, through a block of our own. kNoMemory.
template <class Write>
Result<Copied> CopyBytes(core::File& source, std::uint64_t start, std::uint64_t bytes, Write write) {
  char* block = static_cast<char*>(mm::Allocate(kCopyChunk));
  if (block == nullptr) return Status::kNoMemory;
  const mm::Owned<char> owner(block);
  bytes = std::min(bytes, kMaxIo);
  Copied copied;
  while (copied.done < bytes) {
    const std::size_t wanted = std::min<std::uint64_t>(kCopyChunk, bytes - copied.done);
    const Result<std::size_t> read = source.ReadAt(core::IoBuffer::Kernel(block, wanted), start + copied.done);
    if (!read.ok()) {
      const bool unfit = read.status() == Status::kNotSeekable || read.status() == Status::kNotSupported;
      copied.trouble = unfit ? Answer(Errno::kInval) : Answer(read.status());
    }
    if (!read.ok() || *read == 0) break;
    const Result<std::size_t> written = write(core::IoBuffer::Kernel(block, *read), copied.done);
    if (!written.ok()) copied.trouble = AnswerWrite(written);
    copied.done += written.value_or(0);
    if (!written.ok() || *written < *read) break;
  }
  return copied;
}

// Where a copy begins: at the offset that the program gives, else at the file's own position, and what is left of it after.
Result<std::uint64_t> CopyPosition(core::File& file, VirtAddr offset_at) {
  return offset_at.value == 0 ? file.Seek(0, core::SeekFrom::kCurrent) : mm::ReadUser<std::uint64_t>(offset_at);
}
Status SetCopyPosition(core::File& file, VirtAddr offset_at, std::uint64_t end) {
  if (offset_at.value != 0) return mm::WriteUser(offset_at, end);
  return file.Seek(static_cast<std::int64_t>(end), core::SeekFrom::kStart).status();
}

Status CheckPlain(core::File& file) {
  const fs::NodeType type = fs::AsOpenFile(file).node().type();
  if (type == fs::NodeType::kDirectory) return Status::kIsDirectory;
  return type == fs::NodeType::kFile ? Status::kOk : Status::kInvalidArgument;
}

}  // namespace

Answer Read(int descriptor, VirtAddr buffer, std::uint64_t bytes) {
  const HeldFile file(descriptor);
  if (!Readable(file)) return Status::kBadDescriptor;
  return AnswerRead(file->Read(UserBuffer(buffer, bytes)));
}

Answer Write(int descriptor, VirtAddr buffer, std::uint64_t bytes) {
  const HeldFile file(descriptor);
  if (!Writable(file)) return Status::kBadDescriptor;
  return AnswerWrite(file->Write(UserBuffer(buffer, bytes)));
}

Answer ReadAt(int descriptor, VirtAddr buffer, std::uint64_t bytes, std::int64_t offset) {
  if (offset < 0) return Status::kInvalidArgument;
  const HeldFile file(descriptor);
  if (!Readable(file)) return Status::kBadDescriptor;
  return AnswerRead(file->ReadAt(UserBuffer(buffer, bytes), static_cast<std::uint64_t>(offset)));
}

Answer WriteAt(int descriptor, VirtAddr buffer, std::uint64_t bytes, std::int64_t offset) {
  if (offset < 0) return Status::kInvalidArgument;
  const HeldFile file(descriptor);
  if (!Writable(file)) return Status::kBadDescriptor;
  return AnswerWrite(file->WriteAt(UserBuffer(buffer, bytes), static_cast<std::uint64_t>(offset)));
}

Answer ReadVector(int descriptor, VirtAddr at, std::uint64_t count) {
  const HeldFile file(descriptor);
  if (!Readable(file)) return Status::kBadDescriptor;
  Vectors vectors(at, count);
  const std::uint64_t total = ESC_TRY(vectors.Total());
  return MoveVectors(vectors, total, *file, Direction::kIn,
                     [&](core::IoBuffer buffer, std::uint64_t) { return file->Read(buffer); });
}

Answer WriteVector(int descriptor, VirtAddr at, std::uint64_t count) {
  const HeldFile file(descriptor);
  if (!Writable(file)) return Status::kBadDescriptor;
  Vectors vectors(at, count);
  const std::uint64_t total = ESC_TRY(vectors.Total());
  if (total != 0 && total <= kPageSize) return WriteGathered(*file, vectors, total);
  return MoveVectors(vectors, total, *file, Direction::kOut,
                     [&](core::IoBuffer buffer, std::uint64_t) { return file->Write(buffer); });
}

Answer ReadVectorAt(int descriptor, VirtAddr at, std::uint64_t count, std::int64_t offset) {
  if (offset < 0) return Status::kInvalidArgument;
  const HeldFile file(descriptor);
  if (!Readable(file)) return Status::kBadDescriptor;
  Vectors vectors(at, count);
  const std::uint64_t total = ESC_TRY(vectors.Total());
  return MoveVectors(vectors, total, *file, Direction::kIn, [&](core::IoBuffer buffer, std::uint64_t done) {
    return file->ReadAt(buffer, static_cast<std::uint64_t>(offset) + done);
  });
}

Answer WriteVectorAt(int descriptor, VirtAddr at, std::uint64_t count, std::int64_t offset) {
  if (offset < 0) return Status::kInvalidArgument;
  const HeldFile file(descriptor);
  if (!Writable(file)) return Status::kBadDescriptor;
  Vectors vectors(at, count);
  const std::uint64_t total = ESC_TRY(vectors.Total());
  return MoveVectors(vectors, total, *file, Direction::kOut, [&](core::IoBuffer buffer, std::uint64_t done) {
    return file->WriteAt(buffer, static_cast<std::uint64_t>(offset) + done);
  });
}

Answer ReadVectorAt2(int descriptor, VirtAddr at, std::uint64_t count, std::int64_t offset, std::uint64_t, std::uint32_t flags) {
  if ((flags & ~kIoHintFlags) != 0) return Status::kNotSupported;
  return offset == -1 ? ReadVector(descriptor, at, count) : ReadVectorAt(descriptor, at, count, offset);
}

Answer WriteVectorAt2(int descriptor, VirtAddr at, std::uint64_t count, std::int64_t offset, std::uint64_t, std::uint32_t flags) {
  if ((flags & ~kIoHintFlags) != 0) return Status::kNotSupported;
  return offset == -1 ? WriteVector(descriptor, at, count) : WriteVectorAt(descriptor, at, count, offset);
}

Answer SendFile(int out, int in, VirtAddr offset_at, std::uint64_t bytes) {
  const HeldFile source(in);
  if (!Readable(source)) return Status::kBadDescriptor;
  const HeldFile target(out);
  if (!Writable(target)) return Status::kBadDescriptor;
  const Result<std::uint64_t> start = CopyPosition(*source, offset_at);
  if (!start.ok()) return start.status() == Status::kNotSeekable ? Answer(Errno::kInval) : Answer(start.status());
  if (static_cast<std::int64_t>(*start) < 0 || target->mode().append) return Status::kInvalidArgument;
  const Copied copied = ESC_TRY(CopyBytes(*source, *start, bytes, [&](core::IoBuffer buffer, std::uint64_t) {
    return target->Write(buffer);
  }));
  if (offset_at.value != 0 || copied.done != 0) ESC_TRY(SetCopyPosition(*source, offset_at, *start + copied.done));
  return copied.done != 0 ? Answer(copied.done) : copied.trouble;
}

Answer CopyFileRange(int in, VirtAddr in_at, int out, VirtAddr out_at, std::uint64_t bytes, std::uint32_t flags) {
  if (flags != 0) return Status::kInvalidArgument;
  const HeldFile source(in);
  if (!Readable(source)) return Status::kBadDescriptor;
  const HeldFile target(out);
  if (!Writable(target)) return Status::kBadDescriptor;
  if (target->mode().append) return Status::kBadDescriptor;
  ESC_TRY(CheckPlain(*source));
  ESC_TRY(CheckPlain(*target));
  const std::uint64_t from = ESC_TRY(CopyPosition(*source, in_at)), to = ESC_TRY(CopyPosition(*target, out_at));
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (from + bytes < from || to + bytes < to) return Errno::kOverflow;
  if (from > kMost || to > kMost) return Status::kInvalidArgument;
  fs::Node& node = fs::AsOpenFile(*source).node();
  const std::uint64_t size = node.GetAttributes().size;
  bytes = std::min({bytes, kMaxIo, size > from ? size - from : 0, kMost - to});
  const bool same = &node == &fs::AsOpenFile(*target).node();
  if (same && from < to + bytes && to < from + bytes) return Status::kInvalidArgument;
  const Copied copied = ESC_TRY(CopyBytes(*source, from, bytes, [&](core::IoBuffer buffer, std::uint64_t done) {
    return target->WriteAt(buffer, to + done);
  }));
  if (copied.done == 0) return copied.trouble;
  ESC_TRY(SetCopyPosition(*source, in_at, from + copied.done));
  ESC_TRY(SetCopyPosition(*target, out_at, to + copied.done));
  return copied.done;
}

Answer SyncFile(int descriptor) {
  const HeldFile file(descriptor);
  if (!file) return Status::kBadDescriptor;
  const fs::NodeType type = fs::AsOpenFile(*file).node().type();
  if (type == fs::NodeType::kFifo || type == fs::NodeType::kCharacterDevice) return Status::kInvalidArgument;
  return 0;  // files live in memory: nothing is ever behind
}

Answer SyncFileSystem(int descriptor) { return FileOf(descriptor).status(); }

Answer SyncAll() { return 0; }

Answer TruncateFile(int descriptor, std::int64_t bytes) {
  if (bytes < 0) return Status::kInvalidArgument;
  const HeldFile file(descriptor);
  if (!file) return Status::kBadDescriptor;
  if (!file->mode().writable || fs::AsOpenFile(*file).node().type() != fs::NodeType::kFile) return Status::kInvalidArgument;
  return Resize(fs::AsOpenFile(*file).node(), static_cast<std::uint64_t>(bytes));
}

Answer Truncate(VirtAddr path, std::int64_t bytes) {
  if (bytes < 0) return Status::kInvalidArgument;
  UserPath name;
  ESC_TRY(name.Copy(path));
  const mm::RefPtr<fs::Paths> paths = fs::CurrentPaths();
  const mm::RefPtr<fs::Node> node = ESC_TRY(fs::Resolve(*paths, nullptr, name.view(), fs::FollowLast::kYes));
  if (node->type() == fs::NodeType::kDirectory) return Status::kIsDirectory;
  if (node->type() != fs::NodeType::kFile) return Status::kInvalidArgument;
  ESC_TRY(fs::CheckAccess(*node, static_cast<std::uint8_t>(fs::Permission::kWrite)));
  return Resize(*node, static_cast<std::uint64_t>(bytes));
}

Answer Advise(int descriptor, std::int64_t, std::int64_t bytes, int advice) {
  const HeldFile file(descriptor);
  if (!file) return Status::kBadDescriptor;
  if (fs::AsOpenFile(*file).node().type() == fs::NodeType::kFifo) return Errno::kSPipe;
  return advice < 0 || advice > 5 || bytes < 0 ? Status::kInvalidArgument : Status::kOk;
}

Answer Allocate(int descriptor, int mode, std::int64_t offset, std::int64_t bytes) {
  constexpr int kKeepSize = 1;  // FALLOC_FL_KEEP_SIZE
  if (offset < 0 || bytes <= 0 || offset + bytes < 0) return Status::kInvalidArgument;
  const HeldFile file(descriptor);
  if (!Writable(file)) return Status::kBadDescriptor;
  fs::Node& node = fs::AsOpenFile(*file).node();
  if (node.type() != fs::NodeType::kFile) return Errno::kNoDev;
  if ((mode & ~kKeepSize) != 0) return Status::kNotSupported;
  const auto end = static_cast<std::uint64_t>(offset + bytes);
  if (mode == kKeepSize || end <= node.GetAttributes().size) return 0;
  return Resize(node, end);
}

}  // namespace esc::linux_abi
