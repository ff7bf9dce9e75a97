#include "kernel/fs/text_file.h"

#include <algorithm>

#include "kernel/mm/heap.h"

namespace esc::fs {
namespace {

constexpr std::size_t kFirstBytes = 2048;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

// The text as it was when the file was opened.
class OpenText : public OpenFile {
 public:
  OpenText(core::OpenMode mode, mm::RefPtr<Node> node, mm::Owned<char> text, std::size_t bytes)
      : OpenFile(mode, std::move(node)), text_(std::move(text)), bytes_(bytes) {}

  Result<std::size_t> Read(core::IoBuffer buffer) override {
    const std::size_t done = ESC_TRY(ReadAt(buffer, Position()));
    SpinLockGuard guard(lock_);
    position_ += done;
    return done;
  }
  Result<std::size_t> Write(core::IoBuffer) override { return Status::kBadDescriptor; }
  Result<std::size_t> ReadAt(core::IoBuffer buffer, std::uint64_t offset) override {
    if (offset >= bytes_) return std::size_t{0};
    const std::size_t bytes = std::min<std::size_t>(buffer.remaining(), bytes_ - offset);
    ESC_TRY(buffer.CopyOut(text_.get() + offset, bytes));
    return bytes;
  }
  Result<std::uint64_t> Seek(std::int64_t offset, core::SeekFrom from) override {
    SpinLockGuard guard(lock_);
    const std::uint64_t base = from == core::SeekFrom::kStart ? 0 : from == core::SeekFrom::kEnd ? bytes_ : position_;
    std::int64_t target = 0;
    if (__builtin_add_overflow(static_cast<std::int64_t>(base), offset, &target) || target < 0) return Status::kInvalidArgument;
    return position_ = static_cast<std::uint64_t>(target);
  }

 private:
  std::uint64_t Position() {
    SpinLockGuard guard(lock_);
    return position_;
  }
  const mm::Owned<char> text_;
  const std::size_t bytes_;
  SpinLock lock_{LockRank::kFile};
  std::uint64_t position_ ESC_GUARDED_BY(lock_) = 0;
};

}  // namespace

Result<mm::RefPtr<OpenFile>> TextNode::Open(core::OpenMode mode) {
  if (mode.writable) return Status::kAccessDenied;
  for (std::size_t bytes = kFirstBytes; bytes <= kMostBytes; bytes *= 4) {
    mm::Owned<char> storage(static_cast<char*>(mm::Allocate(bytes)));
    if (!storage) return Status::kNoMemory;
    TextBuffer text(std::span<char>(storage.get(), bytes));
    ESC_TRY(Write(text));
    if (text.truncated() && bytes * 4 <= kMostBytes) continue;
    return mm::RefPtr<OpenFile>(ESC_TRY(mm::MakeRef<OpenText>(mode, mm::RefPtr<Node>(this), std::move(storage), text.size())));
  }
  return Status::kTooLarge;
}

}  // namespace esc::fs
