// Files, directories and symbolic links in memory: what the initramfs becomes.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/base/status.h"
#include "kernel/fs/base_node.h"
#include "kernel/fs/name_table.h"
#include "kernel/mm/ref_ptr.h"
#include "kernel/mm/vector.h"

namespace esc::fs {

// Bytes in frames; a frame that was never written is a hole and reads as zeros. Reads and writes copy outside of the
// lock with a reference on the frame, so a user page fault in the middle may come back to this very file.
class MemoryFile : public BaseNode {
 public:
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 31;

  explicit MemoryFile(std::uint16_t permissions) : BaseNode(NodeType::kFile, permissions) {}
  ~MemoryFile() override;

  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode mode) override;
  Status Truncate(std::uint64_t size) override;

  Result<std::size_t> Read(core::IoBuffer& buffer, std::uint64_t offset);
  Result<std::size_t> Write(core::IoBuffer& buffer, std::uint64_t offset);
  // At the end, wherever that is by then; the offset after it.
  Result<std::uint64_t> Append(core::IoBuffer& buffer);
  std::uint64_t size();
  // The frame behind a page, with a reference for the caller; a hole is filled first.
  Result<FrameNumber> ShareFrameAt(std::uint64_t offset);

 protected:
  void FillAttributes(Attributes& attributes) override ESC_REQUIRES(lock_) {
    attributes.size = size_;
    attributes.allocated = frames_used_ * kPageSize;
  }

 private:
  static constexpr FrameNumber kHole{0};
  // kHole, or a frame with a reference for the caller.
  FrameNumber BorrowFrame(std::uint64_t page);
  void Extend(std::uint64_t end);

  mm::Vector<FrameNumber> frames_ ESC_GUARDED_BY(lock_);
  std::uint64_t frames_used_ ESC_GUARDED_BY(lock_) = 0;  // those that are no holes
  std::uint64_t size_ ESC_GUARDED_BY(lock_) = 0;
};

class MemoryDirectory : public BaseNode {
 public:
  // `parent` outlives it as long as it is linked there; a root is its own.
  MemoryDirectory(std::uint16_t permissions, Node* parent)
      : BaseNode(NodeType::kDirectory, permissions), parent_(parent == nullptr ? this : parent) {}

  Result<mm::RefPtr<Node>> Lookup(std::string_view name) override;
  Status Insert(std::string_view name, mm::RefPtr<Node> node) override;
  Status Remove(std::string_view name) override;
  Status ReadDirectory(std::uint64_t cursor, FunctionRef<bool(const DirectoryEntry&)> take) override;
  Status Replace(std::string_view name, mm::RefPtr<Node> node) override;
  Node* Parent() override;
  void SetParent(Node* parent) override;
  bool EmptyDirectory() override;
  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode mode) override;

 private:
  NameTable names_ ESC_GUARDED_BY(lock_);
  Node* parent_ ESC_GUARDED_BY(lock_);
};

class SymbolicLink : public BaseNode {
 public:
  SymbolicLink(mm::Owned<char> target, std::size_t bytes)
      : BaseNode(NodeType::kSymbolicLink, 0777), target_(std::move(target)), bytes_(bytes) {}
  static Result<mm::RefPtr<Node>> Create(std::string_view target);
  Result<std::size_t> ReadLink(std::span<char> target) override;
  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode) override { return Status::kTooManyLinks; }

 protected:
  void FillAttributes(Attributes& attributes) override ESC_REQUIRES(lock_) { attributes.size = bytes_; }

 private:
  const mm::Owned<char> target_;
  const std::size_t bytes_;
};

// An open directory, or a node opened for its path only: nothing but the node and a position.
class OpenDirectory : public OpenFile {
 public:
  using OpenFile::OpenFile;
  Result<std::size_t> Read(core::IoBuffer) override {
    return node().type() == NodeType::kDirectory ? Status::kIsDirectory : Status::kBadDescriptor;
  }
  Result<std::size_t> Write(core::IoBuffer) override { return Status::kBadDescriptor; }
  Result<std::uint64_t> Seek(std::int64_t offset, core::SeekFrom from) override;
};

// `child` under `name` in `directory`, with its link count and parent set.
Status AddEntry(Node& directory, std::string_view name, mm::RefPtr<Node> child);

}  // namespace esc::fs
