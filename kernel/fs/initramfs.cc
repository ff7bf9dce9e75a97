#include <algorithm>
#include <cstring>

#include "kernel/fs/cpio.h"
#include "kernel/fs/devices.h"
#include "kernel/fs/file_system.h"
#include "kernel/fs/memory_tree.h"
#include "kernel/fs/pipe.h"
#include "kernel/mm/vector.h"

namespace esc::fs {
namespace {

// st_mode's type bits, as cpio stores them.
constexpr std::uint32_t kTypeMask = 0170000, kSocket = 0140000, kLink = 0120000, kRegular = 0100000, kBlock = 0060000,
                        kDirectory = 0040000, kCharacter = 0020000, kFifo = 0010000;

// Unpacks one sequence of archives. Later entries replace earlier ones of the same name, but a directory stays.
class Unpacker {
 public:
  explicit Unpacker(Node& root) : root_(root) {}

  Status Unpack(const CpioEntry& entry) {
    if (entry.name.empty()) return Status::kOk;  // the root itself
    std::string_view name = entry.name;
    mm::RefPtr<Node> directory(&root_);
    for (std::size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/')) {
      directory = ESC_TRY(EnterDirectory(*directory, name.substr(0, slash)));
      name.remove_prefix(slash + 1);
    }
    if (!ValidName(name)) return Status::kCorrupt;
    const Result<mm::RefPtr<Node>> existing = directory->Lookup(name);
    const bool is_directory = (entry.mode & kTypeMask) == kDirectory;
    if (existing.ok()) {
      if ((*existing)->type() == NodeType::kDirectory) return is_directory ? SetAttributes(**existing, entry) : Status::kIsDirectory;
      ESC_TRY(directory->Remove(name));
      (*existing)->DropLink();
    }
    const mm::RefPtr<Node> node = ESC_TRY(NodeFor(entry, *directory));
    ESC_TRY(AddEntry(*directory, name, node));
    if (is_directory) directory->AddLink();
    return SetAttributes(*node, entry);
  }

 private:
  static bool ValidName(std::string_view name) {
    return !name.empty() && name.size() <= kMaxName && name != "." && name != "..";
  }

  // Archives may leave out the entries of directories that they use.
  Result<mm::RefPtr<Node>> EnterDirectory(Node& parent, std::string_view name) {
    if (!ValidName(name)) return Status::kCorrupt;
    Result<mm::RefPtr<Node>> found = parent.Lookup(name);
    if (found.ok()) return (*found)->type() == NodeType::kDirectory ? found : Status::kNotDirectory;
    const mm::RefPtr<Node> made(ESC_TRY(mm::MakeRef<MemoryDirectory>(0755, &parent)));
    ESC_TRY(AddEntry(parent, name, made));
    parent.AddLink();
    return made;
  }

  Result<mm::RefPtr<Node>> NodeFor(const CpioEntry& entry, Node& directory) {
    const auto permissions = static_cast<std::uint16_t>(entry.mode & 07777);
    const DeviceNumber device{entry.device_major, entry.device_minor};
    switch (entry.mode & kTypeMask) {
      case kRegular: return FileFor(entry, permissions);
      case kDirectory: return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<MemoryDirectory>(permissions, &directory)));
      case kLink: return SymbolicLink::Create({reinterpret_cast<const char*>(entry.contents.data()), entry.contents.size()});
      case kCharacter: return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<DeviceNode>(NodeType::kCharacterDevice, permissions, device)));
      case kBlock: return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<DeviceNode>(NodeType::kBlockDevice, permissions, device)));
      case kFifo: return MakeFifo(permissions);
      case kSocket: return Status::kNotSupported;
      default: return Status::kCorrupt;
    }
  }

  // Names with one inode and more than one link are one file; its contents come with one of them (usually the last).
  Result<mm::RefPtr<Node>> FileFor(const CpioEntry& entry, std::uint16_t permissions) {
    mm::RefPtr<MemoryFile> file;
    if (entry.links > 1) {
      for (const Shared& shared : shared_) {
        if (shared.inode == entry.inode) file = shared.file;
      }
    }
    if (!file) {
      file = ESC_TRY(mm::MakeRef<MemoryFile>(permissions));
      if (entry.links > 1) ESC_TRY(shared_.PushBack({entry.inode, file}));
    }
    if (!entry.contents.empty()) {
      // IoBuffer's kernel memory is only read from by a write.
      core::IoBuffer buffer = core::IoBuffer::Kernel(const_cast<std::byte*>(entry.contents.data()), entry.contents.size());
      ESC_TRY(file->Truncate(0));
      if (ESC_TRY(file->Write(buffer, 0)) != entry.contents.size()) return Status::kNoMemory;
    }
    return mm::RefPtr<Node>(file);
  }

  static Status SetAttributes(Node& node, const CpioEntry& entry) {
    ESC_TRY(node.SetPermissions(static_cast<std::uint16_t>(entry.mode & 07777)));
    ESC_TRY(node.SetOwner(entry.uid, entry.gid));
    const Nanos modified = Nanos::Seconds(entry.modified_seconds);
    return node.SetTimes(&modified, &modified);
  }

  struct Shared {
    std::uint32_t inode;
    mm::RefPtr<MemoryFile> file;
  };
  Node& root_;
  mm::Vector<Shared> shared_;
};

std::string_view Reason(Status status) {
  switch (status) {
    case Status::kNotSupported: return "not a cpio archive in newc format (compressed archives are not supported)";
    case Status::kTruncated: return "the archive is truncated";
    case Status::kCorrupt: return "the entry is corrupt";
    case Status::kNoMemory: return "out of memory";
    case Status::kIsDirectory: return "a directory of that name exists already";
    case Status::kNotDirectory: return "a part of its path is no directory";
    default: return StatusName(status);
  }
}

}  // namespace

Status UnpackInitramfs(std::span<const std::byte> archive, mm::RefPtr<Node> root, TextBuffer& message) {
  CpioReader reader(archive);
  Unpacker unpacker(*root);
  while (true) {
    const Result<CpioEntry> entry = reader.Next();
    if (entry.status() == Status::kNotFound) return Status::kOk;
    if (!entry.ok()) {
      message.Format("initramfs of {} bytes: at byte {}: {}", archive.size(), reader.offset(), Reason(entry.status()));
      return entry.status();
    }
    if (const Status status = unpacker.Unpack(*entry); !Ok(status)) {
      message.Format("initramfs of {} bytes: entry \"{}\": {}", archive.size(), entry->name, Reason(status));
      return status;
    }
  }
}

Result<std::span<const std::byte>> FindInArchive(std::span<const std::byte> archive, std::string_view path) {
  CpioReader reader(archive);
  while (true) {
    const CpioEntry entry = ESC_TRY(reader.Next());
    if (entry.name == path && (entry.mode & kTypeMask) == kRegular) return entry.contents;
  }
}

}  // namespace esc::fs
