#include "kernel/fs/text_file.h"

#include <algorithm>

#include "kernel/core/mutex.h"
#include "kernel/mm/heap.h"

namespace esc::fs {
namespace {

constexpr std::size_t kFirstBytes = 2048;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

// The text as it was when it was last read from its start: who keeps such a file open and reads it again sees what is so
// by then, and who reads it in pieces sees one text.
class OpenText : public OpenFile {
 public:
  OpenText(core::OpenMode mode, mm::RefPtr<TextNode> node) : OpenFile(mode, node), source_(std::move(node)) {}

  Result<std::size_t> Read(core::IoBuffer buffer) override {
    core::MutexGuard guard(mutex_);
    const std::size_t done = ESC_TRY(Give(buffer, position_));
    position_ += done;
    return done;
  }
  Result<std::size_t> Write(core::IoBuffer) override { return Status::kBadDescriptor; }
  Result<std::size_t> ReadAt(core::IoBuffer buffer, std::uint64_t offset) override {
    core::MutexGuard guard(mutex_);
    return Give(buffer, offset);
  }
  Result<std::uint64_t> Seek(std::int64_t offset, core::SeekFrom from) override {
    core::MutexGuard guard(mutex_);
    const std::uint64_t base = from == core::SeekFrom::kStart ? 0 : from == core::SeekFrom::kEnd ? bytes_ : position_;
    std::int64_t target = 0;
    if (__builtin_add_overflow(static_cast<std::int64_t>(base), offset, &target) || target < 0) return Status::kInvalidArgument;
    return position_ = static_cast<std::uint64_t>(target);
  }

 private:
  Result<std::size_t> Give(core::IoBuffer& buffer, std::uint64_t offset) ESC_REQUIRES(mutex_) {
    if (offset == 0 || !text_) ESC_TRY(Make());
    if (offset >= bytes_) return std::size_t{0};
    const std::size_t bytes = std::min<std::size_t>(buffer.remaining(), bytes_ - offset);
    ESC_TRY(buffer.CopyOut(text_.get() + offset, bytes));
    return bytes;
  }
  Status Make() ESC_REQUIRES(mutex_) {
    for (std::size_t bytes = kFirstBytes; bytes <= kMostBytes; bytes *= 4) {
      mm::Owned<char> storage(static_cast<char*>(mm::Allocate(bytes)));
      if (!storage) return Status::kNoMemory;
      TextBuffer text(std::span<char>(storage.get(), bytes));
      ESC_TRY(source_->Write(text));
      if (text.truncated() && bytes * 4 <= kMostBytes) continue;
      text_ = std::move(storage);
      bytes_ = text.size();
      return Status::kOk;
    }
    return Status::kTooLarge;
  }

  const mm::RefPtr<TextNode> source_;
  core::Mutex mutex_;
  mm::Owned<char> text_ ESC_GUARDED_BY(mutex_);
  std::size_t bytes_ ESC_GUARDED_BY(mutex_) = 0;
  std::uint64_t position_ ESC_GUARDED_BY(mutex_) = 0;
};

}  // namespace

Result<mm::RefPtr<OpenFile>> TextNode::Open(core::OpenMode mode) {
  if (mode.writable) return Status::kAccessDenied;
  return mm::RefPtr<OpenFile>(ESC_TRY(mm::MakeRef<OpenText>(mode, mm::RefPtr<TextNode>(this))));
}

}  // namespace esc::fs
