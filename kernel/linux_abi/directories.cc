// Positions in files and directories: lseek and getdents64.
#include <algorithm>
#include <cstring>

#include "kernel/fs/node.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/files.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/state.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

constexpr std::size_t kMostAtOnce = 16 * 1024;

// DT_* of a node's type: its file mode, shifted (dirent.h, IFTODT).
std::uint8_t RecordType(fs::NodeType type) {
  switch (type) {
    case fs::NodeType::kFile: return kModeFile >> 12;
    case fs::NodeType::kDirectory: return kModeDirectory >> 12;
    case fs::NodeType::kSymbolicLink: return kModeLink >> 12;
    case fs::NodeType::kCharacterDevice: return kModeCharacter >> 12;
    case fs::NodeType::kBlockDevice: return kModeBlock >> 12;
    case fs::NodeType::kFifo: return kModeFifo >> 12;
    case fs::NodeType::kSocket: return kModeSocket >> 12;
  }
  return 0;
}

// Packs linux_dirent64 records.
class Records {
 public:
  Records(char* block, std::size_t room) : block_(block), room_(room) {}
  // False when there is no room for it.
  bool Add(const fs::DirectoryEntry& entry) {
    const std::size_t bytes = (kDirectoryNameOffset + entry.name.size() + 1 + 7) & ~std::size_t{7};
    if (bytes > room_ - size_) {
      full_ = true;
      return false;
    }
    const DirectoryRecord record{.inode = entry.inode,
                                 .next_cursor = static_cast<std::int64_t>(entry.next_cursor),
                                 .record_bytes = static_cast<std::uint16_t>(bytes),
                                 .type = RecordType(entry.type)};
    std::memset(block_ + size_, 0, bytes);
    std::memcpy(block_ + size_, &record, kDirectoryNameOffset);
    std::memcpy(block_ + size_ + kDirectoryNameOffset, entry.name.data(), entry.name.size());
    size_ += bytes;
    next_cursor_ = entry.next_cursor;
    return true;
  }
  std::size_t size() const { return size_; }
  bool full() const { return full_; }
  std::uint64_t next_cursor() const { return next_cursor_; }

 private:
  char* block_;
  std::size_t room_, size_ = 0;
  std::uint64_t next_cursor_ = 0;
  bool full_ = false;
};

Answer SeekDirectory(fs::OpenFile& directory, std::int64_t offset, int from) {
  core::MutexGuard guard(GlobalState().directory_cursors);
  if (from == kSeekCurrent) offset += static_cast<std::int64_t>(directory.directory_cursor);
  if (from == kSeekEnd || offset < 0) return Status::kInvalidArgument;
  directory.directory_cursor = static_cast<std::uint64_t>(offset);
  return offset;
}

}  // namespace

Answer ReadDirectory(int descriptor, VirtAddr buffer, std::uint32_t bytes) {
  const mm::RefPtr<core::File> file = ESC_TRY(FileOf(descriptor));
  fs::OpenFile& directory = fs::AsOpenFile(*file);
  if (directory.node().type() != fs::NodeType::kDirectory) return Status::kNotDirectory;
  if (!file->mode().readable) return Status::kBadDescriptor;
  const std::size_t room = std::min<std::size_t>(bytes, kMostAtOnce);
  char* block = static_cast<char*>(mm::Allocate(std::max<std::size_t>(room, 1)));
  if (block == nullptr) return Status::kNoMemory;
  const mm::Owned<char> owner(block);
  Records records(block, room);

  core::MutexGuard guard(GlobalState().directory_cursors);
  ESC_TRY(directory.node().ReadDirectory(directory.directory_cursor,
                                         [&](const fs::DirectoryEntry& entry) { return records.Add(entry); }));
  if (records.size() == 0) return records.full() ? Answer(Status::kInvalidArgument) : Answer(0);
  ESC_TRY(mm::CopyToUser(buffer, block, records.size()));
  directory.directory_cursor = records.next_cursor();
  return records.size();
}

Answer Seek(int descriptor, std::int64_t offset, int from) {
  const mm::RefPtr<core::File> file = ESC_TRY(FileOf(descriptor));
  fs::OpenFile& open = fs::AsOpenFile(*file);
  if (from == kSeekData || from == kSeekHole) {
    // No file here has holes: its one hole is at the end (lseek(2)).
    const std::uint64_t size = open.node().GetAttributes().size;
    if (offset < 0 || static_cast<std::uint64_t>(offset) >= size) return Errno::kNoDevOrAddr;
    return file->Seek(from == kSeekData ? offset : static_cast<std::int64_t>(size), core::SeekFrom::kStart);
  }
  if (from < kSeekStart || from > kSeekEnd) return Status::kInvalidArgument;
  if (open.node().type() == fs::NodeType::kDirectory) return SeekDirectory(open, offset, from);
  constexpr core::SeekFrom kFrom[] = {core::SeekFrom::kStart, core::SeekFrom::kCurrent, core::SeekFrom::kEnd};
  return file->Seek(offset, kFrom[from]);
}

}  // namespace esc::linux_abi
