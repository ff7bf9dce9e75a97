#include "kernel/fs/proc_links.h"

#include "kernel/base/format.h"
#include "kernel/fs/base_node.h"
#include "kernel/fs/memory_tree.h"
#include "kernel/fs/paths.h"
#include "kernel/fs/proc_process.h"

namespace esc::fs {
namespace {

mm::RefPtr<core::DescriptorTable> DescriptorsOf(core::Process& process) {
  SpinLockGuard guard(process.lock);
  return process.descriptors;
}

class PlaceLink : public BaseNode {
 public:
  PlaceLink(mm::RefPtr<core::Process> process, PlaceOf which)
      : BaseNode(NodeType::kSymbolicLink, 0777), process_(std::move(process)), which_(which) {}
  Result<mm::RefPtr<Node>> Jump() override {
    mm::RefPtr<Paths> paths;
    {
      SpinLockGuard guard(process_->lock);
      paths = mm::RefPtr<Paths>(static_cast<Paths*>(process_->paths.get()));
    }
    if (!paths) return Status::kNotFound;  // it has ended
    return which_ == PlaceOf::kRoot ? paths->root() : paths->working_directory();
  }
  Result<std::size_t> ReadLink(std::span<char> target) override {
    return PathOf(*CurrentPaths(), *ESC_TRY(Jump()), target);
  }
  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode) override { return Status::kTooManyLinks; }

 private:
  const mm::RefPtr<core::Process> process_;
  const PlaceOf which_;
};

class DescriptorLink : public BaseNode {
 public:
  DescriptorLink(mm::RefPtr<core::Process> process, int descriptor)
      : BaseNode(NodeType::kSymbolicLink, 0700), process_(std::move(process)), descriptor_(descriptor) {}
  Result<mm::RefPtr<Node>> Jump() override { return AsOpenFile(*ESC_TRY(File())).node_ref(); }
  Result<std::size_t> ReadLink(std::span<char> target) override {
    const mm::RefPtr<core::File> file = ESC_TRY(File());
    OpenFile& open = AsOpenFile(*file);
    const Result<std::size_t> path = PathOfFile(*CurrentPaths(), open, target);
    if (path.ok() || path.status() != Status::kNotFound) return path;
    TextBuffer text(target);
    const bool pipe = open.node().type() == NodeType::kFifo;
    text.Format("{}:[{}]", pipe ? "pipe" : "anon_inode", open.node().GetAttributes().inode);
    return text.size();
  }
  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode) override { return Status::kTooManyLinks; }

 private:
  Result<mm::RefPtr<core::File>> File() {
    const mm::RefPtr<core::DescriptorTable> table = DescriptorsOf(*process_);
    const Result<mm::RefPtr<core::File>> file = table ? table->Get(descriptor_) : Status::kNotFound;
    return file.ok() ? file : Status::kNotFound;
  }
  const mm::RefPtr<core::Process> process_;
  const int descriptor_;
};

// A descriptor's number; -1 for anything else.
int ParseDescriptor(std::string_view name) {
  if (name.empty() || name.size() > 4 || (name.size() > 1 && name.front() == '0')) return -1;
  int value = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

class DescriptorDirectory : public BaseNode {
 public:
  DescriptorDirectory(mm::RefPtr<core::Process> process, Node& parent)
      : BaseNode(NodeType::kDirectory, 0500), process_(std::move(process)), parent_(&parent) {}

  Result<mm::RefPtr<Node>> Lookup(std::string_view name) override {
    const int descriptor = ParseDescriptor(name);
    const mm::RefPtr<core::DescriptorTable> table = DescriptorsOf(*process_);
    if (descriptor < 0 || !table || !table->Get(descriptor).ok()) return Status::kNotFound;
    return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<DescriptorLink>(process_, descriptor)));
  }
  Status ReadDirectory(std::uint64_t cursor, FunctionRef<bool(const DirectoryEntry&)> take) override {
    const Pid pid = process_->pid();
    if (cursor == 0 && !take({".", ProcessInode(pid, kDescriptorsInode), NodeType::kDirectory, ++cursor})) return Status::kOk;
    if (cursor == 1 && !take({"..", ProcessInode(pid, 0), NodeType::kDirectory, ++cursor})) return Status::kOk;
    const mm::RefPtr<core::DescriptorTable> table = DescriptorsOf(*process_);
    if (!table) return Status::kOk;
    for (int at = table->NextOpen(static_cast<int>(cursor) - 2); at >= 0; at = table->NextOpen(at + 1)) {
      FixedText<16> name;
      name.Format("{}", at);
      const auto next = static_cast<std::uint64_t>(at) + 3;
      if (!take({name.view(), ProcessInode(pid, kDescriptorsInode + next), NodeType::kSymbolicLink, next})) return Status::kOk;
    }
    return Status::kOk;
  }
  Node* Parent() override { return parent_.get(); }
  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode mode) override {
    if (mode.writable) return Status::kIsDirectory;
    return mm::RefPtr<OpenFile>(ESC_TRY(mm::MakeRef<OpenDirectory>(mode, mm::RefPtr<Node>(this))));
  }

 protected:
  void FillAttributes(Attributes& attributes) override ESC_REQUIRES(lock_) {
    attributes.inode = ProcessInode(process_->pid(), kDescriptorsInode);
    attributes.file_system = kProcDevice;
    attributes.links = 2;
  }

 private:
  static constexpr std::uint64_t kDescriptorsInode = 128;
  const mm::RefPtr<core::Process> process_;
  const mm::RefPtr<Node> parent_;
};

}  // namespace

Result<mm::RefPtr<Node>> MakePlaceLink(mm::RefPtr<core::Process> process, PlaceOf which) {
  return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<PlaceLink>(std::move(process), which)));
}

Result<mm::RefPtr<Node>> MakeDescriptorDirectory(mm::RefPtr<core::Process> process, Node& parent) {
  return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<DescriptorDirectory>(std::move(process), parent)));
}

}  // namespace esc::fs
