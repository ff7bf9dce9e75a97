#include <algorithm>

#include "kernel/arch_api/paging.h"
#include "kernel/core/mutex.h"
#include "kernel/core/process.h"
#include "kernel/fs/memory_tree.h"
#include "kernel/mm/frames.h"

namespace esc::fs {
namespace {

// Maps a file: keeps its node alive for as long as a region refers to it.
class FilePages : public mm::PageSource {
 public:
  explicit FilePages(mm::RefPtr<Node> node) : node_(std::move(node)) {}

  Status ReadPage(std::uint64_t offset, void* page) override {
    if (offset >= file().size()) return Status::kOutOfRange;
    core::IoBuffer buffer = core::IoBuffer::Kernel(page, kPageSize);
    ESC_TRY(file().Read(buffer, offset));
    auto* bytes = static_cast<std::byte*>(page);
    std::fill(bytes + buffer.done(), bytes + kPageSize, std::byte{0});
    return Status::kOk;
  }
  // Past the end there is no page: the access ends in SIGBUS (mmap(2)).
  Result<FrameNumber> SharePage(std::uint64_t offset) override {
    if (offset >= file().size()) return Status::kOutOfRange;
    return file().ShareFrameAt(offset);
  }

 private:
  MemoryFile& file() { return static_cast<MemoryFile&>(*node_); }
  mm::RefPtr<Node> node_;
};

// RLIMIT_FSIZE: what goes past it is cut off; when nothing is left, kResourceLimit (linux_abi sends SIGXFSZ).
Status ObeySizeLimit(core::IoBuffer& buffer, std::uint64_t offset) {
  std::uint64_t limit;
  {
    core::Process& process = core::CurrentProcess();
    SpinLockGuard guard(process.lock);
    limit = process.limits[static_cast<std::size_t>(core::Resource::kFileSize)].current;
  }
  if (buffer.remaining() == 0) return Status::kOk;
  if (offset >= limit) return Status::kResourceLimit;
  buffer.Limit(limit - offset);
  return Status::kOk;
}

// The position is locked from its reading to its change, so that two writers of one description never write over each
// other. A page fault in the middle of a copy comes back to the file, never to the description.
class OpenMemoryFile : public OpenFile {
 public:
  using OpenFile::OpenFile;

  Result<std::size_t> Read(core::IoBuffer buffer) override {
    if (!mode().readable) return Status::kBadDescriptor;
    core::MutexGuard guard(mutex_);
    const std::size_t done = ESC_TRY(file().Read(buffer, position_));
    position_ += done;
    return done;
  }
  Result<std::size_t> Write(core::IoBuffer buffer) override {
    if (!mode().writable) return Status::kBadDescriptor;
    core::MutexGuard guard(mutex_);
    if (mode().append) {
      ESC_TRY(ObeySizeLimit(buffer, file().size()));
      position_ = ESC_TRY(file().Append(buffer));
      return buffer.done();
    }
    ESC_TRY(ObeySizeLimit(buffer, position_));
    const std::size_t done = ESC_TRY(file().Write(buffer, position_));
    position_ += done;
    return done;
  }
  Result<std::size_t> ReadAt(core::IoBuffer buffer, std::uint64_t offset) override {
    if (!mode().readable) return Status::kBadDescriptor;
    return file().Read(buffer, offset);
  }
  Result<std::size_t> WriteAt(core::IoBuffer buffer, std::uint64_t offset) override {
    if (!mode().writable) return Status::kBadDescriptor;
    ESC_TRY(ObeySizeLimit(buffer, mode().append ? file().size() : offset));
    if (!mode().append) return file().Write(buffer, offset);
    ESC_TRY(file().Append(buffer));  // the offset is passed over, as on Linux (pwrite(2), BUGS)
    return buffer.done();
  }
  Result<std::uint64_t> Seek(std::int64_t offset, core::SeekFrom from) override {
    const std::uint64_t size = file().size();
    core::MutexGuard guard(mutex_);
    const std::uint64_t base = from == core::SeekFrom::kStart ? 0 : from == core::SeekFrom::kEnd ? size : position_;
    std::int64_t target = 0;
    if (__builtin_add_overflow(static_cast<std::int64_t>(base), offset, &target) || target < 0) {
      return Status::kInvalidArgument;
    }
    return position_ = static_cast<std::uint64_t>(target);
  }
  Result<mm::RefPtr<mm::PageSource>> Pages() override {
    return mm::RefPtr<mm::PageSource>(ESC_TRY(mm::MakeRef<FilePages>(node_ref())));
  }
  std::size_t Available() override {
    const std::uint64_t size = file().size();
    core::MutexGuard guard(mutex_);
    return size > position_ ? size - position_ : 0;
  }

 private:
  MemoryFile& file() { return static_cast<MemoryFile&>(node()); }

  core::Mutex mutex_;
  std::uint64_t position_ ESC_GUARDED_BY(mutex_) = 0;
};

}  // namespace

MemoryFile::~MemoryFile() {
  for (const FrameNumber frame : frames_) {
    if (frame != kHole) mm::DropFrame(frame);
  }
}

Result<mm::RefPtr<OpenFile>> MemoryFile::Open(core::OpenMode mode) {
  return mm::RefPtr<OpenFile>(ESC_TRY(mm::MakeRef<OpenMemoryFile>(mode, mm::RefPtr<Node>(this))));
}

std::uint64_t MemoryFile::size() {
  SpinLockGuard guard(lock_);
  return size_;
}

FrameNumber MemoryFile::BorrowFrame(std::uint64_t page) {
  SpinLockGuard guard(lock_);
  if (page >= frames_.size() || frames_[page] == kHole) return kHole;
  mm::ShareFrame(frames_[page]);
  return frames_[page];
}

Result<FrameNumber> MemoryFile::ShareFrameAt(std::uint64_t offset) {
  const std::uint64_t page = offset >> kPageShift;
  if (offset >= kMaxBytes) return Status::kTooLarge;
  if (const FrameNumber frame = BorrowFrame(page); frame != kHole) return frame;
  // Zeroed outside of the lock; whoever installs first wins.
  const FrameNumber fresh = ESC_TRY(mm::AllocateZeroedFrame());
  FrameNumber installed = fresh;
  Status status = Status::kOk;
  {
    SpinLockGuard guard(lock_);
    if (page >= frames_.size()) status = frames_.Resize(page + 1);
    if (Ok(status)) {
      if (frames_[page] == kHole) {
        frames_[page] = fresh;
        ++frames_used_;
      }
      installed = frames_[page];
      mm::ShareFrame(installed);
    }
  }
  if (!Ok(status) || installed != fresh) mm::DropFrame(fresh);
  if (!Ok(status)) return status;
  return installed;
}

Result<std::size_t> MemoryFile::Read(core::IoBuffer& buffer, std::uint64_t offset) {
  static constexpr std::byte kZeros[256] = {};
  const std::size_t before = buffer.done();
  while (buffer.remaining() != 0) {
    const std::uint64_t end = size();
    if (offset >= end) break;
    const std::size_t in_page = offset % kPageSize;
    const FrameNumber frame = BorrowFrame(offset >> kPageShift);
    const std::size_t room = frame == kHole ? sizeof(kZeros) : kPageSize - in_page;
    const std::size_t bytes = std::min({buffer.remaining(), kPageSize - in_page, room, end - offset});
    const void* from = frame == kHole ? kZeros : static_cast<std::byte*>(arch::DirectMap(frame)) + in_page;
    const Status status = buffer.CopyOut(from, bytes);
    if (frame != kHole) mm::DropFrame(frame);
    if (!Ok(status)) {
      if (buffer.done() == before) return status;
      break;
    }
    offset += bytes;
  }
  return buffer.done() - before;
}

void MemoryFile::Extend(std::uint64_t end) {
  SpinLockGuard guard(lock_);
  size_ = std::max(size_, end);
  Touch();
}

Result<std::size_t> MemoryFile::Write(core::IoBuffer& buffer, std::uint64_t offset) {
  const std::size_t before = buffer.done();
  while (buffer.remaining() != 0) {
    const std::size_t in_page = offset % kPageSize;
    const std::size_t bytes = std::min(buffer.remaining(), kPageSize - in_page);
    const Result<FrameNumber> frame = ShareFrameAt(offset);
    Status status = frame.status();
    if (frame.ok()) {
      status = buffer.CopyIn(static_cast<std::byte*>(arch::DirectMap(*frame)) + in_page, bytes);
      mm::DropFrame(*frame);
    }
    if (!Ok(status)) {
      if (buffer.done() == before) return status == Status::kNoMemory ? Status::kNoSpace : status;
      break;
    }
    offset += bytes;
    Extend(offset);
  }
  return buffer.done() - before;
}

Result<std::uint64_t> MemoryFile::Append(core::IoBuffer& buffer) {
  // The end is claimed before the copy, so that two appenders never write over each other.
  const std::size_t wanted = buffer.remaining();
  std::uint64_t offset = 0;
  {
    SpinLockGuard guard(lock_);
    offset = size_;
    if (offset + wanted > kMaxBytes) return Status::kTooLarge;
    size_ += wanted;
  }
  const Result<std::size_t> done = Write(buffer, offset);
  const std::size_t written = done.ok() ? *done : 0;
  if (written < wanted) {
    SpinLockGuard guard(lock_);
    if (size_ == offset + wanted) size_ = offset + written;
  }
  if (!done.ok()) return done.status();
  return offset + written;
}

Status MemoryFile::Truncate(std::uint64_t size) {
  if (size > kMaxBytes) return Status::kTooLarge;
  {
    SpinLockGuard guard(lock_);
    const std::size_t pages = (size + kPageSize - 1) >> kPageShift;
    for (std::size_t i = pages; i < frames_.size(); ++i) {
      if (frames_[i] == kHole) continue;
      mm::DropFrame(frames_[i]);
      frames_[i] = kHole;
      --frames_used_;
    }
    if (frames_.size() > pages) ESC_TRY(frames_.Resize(pages));
    // What lies past the new end in its page must read as zeros when the file grows again.
    if (size < size_ && size % kPageSize != 0 && pages <= frames_.size() && frames_[pages - 1] != kHole) {
      auto* page = static_cast<std::byte*>(arch::DirectMap(frames_[pages - 1]));
      std::fill(page + size % kPageSize, page + kPageSize, std::byte{0});
    }
    size_ = size;
    Touch();
  }
  return Status::kOk;
}

}  // namespace esc::fs
