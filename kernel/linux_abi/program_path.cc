#include "kernel/linux_abi/program_path.h"

#include <algorithm>
#include <cstring>

#include "kernel/mm/heap.h"

namespace esc::linux_abi {
namespace {

constexpr int kMaxLinks = 40;

// A path being built in a heap block.
class PathText {
 public:
  ~PathText() { mm::Free(bytes_); }
  Status Allocate() {
    bytes_ = static_cast<char*>(mm::Allocate(2 * (fs::kMaxPath + 1)));
    return bytes_ == nullptr ? Status::kNoMemory : Status::kOk;
  }
  std::span<char> path() { return {bytes_, fs::kMaxPath + 1}; }
  std::span<char> link() { return {bytes_ + fs::kMaxPath + 1, fs::kMaxPath + 1}; }
  std::string_view view() const { return {bytes_, size_}; }
  void Set(std::size_t size) { size_ = size; }
  void CutToDirectory() { size_ = view().rfind('/') + 1; }
  void Append(std::string_view text) {
    const std::size_t fits = std::min(text.size(), fs::kMaxPath - size_);
    std::memcpy(bytes_ + size_, text.data(), fits);
    size_ += fits;
  }

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace

Status WriteProgramPath(fs::Paths& paths, fs::Node* base, std::string_view path, std::span<char> to) {
  PathText text;
  ESC_TRY(text.Allocate());
  if (!path.starts_with('/')) {
    const mm::RefPtr<fs::Node> start = base != nullptr ? mm::RefPtr<fs::Node>(base) : paths.working_directory();
    text.Set(ESC_TRY(fs::PathOf(paths, *start, text.path())));
    if (!text.view().ends_with('/')) text.Append("/");
    while (path.starts_with("./")) path.remove_prefix(2);
  }
  text.Append(path);
  for (int links = 0; links < kMaxLinks; ++links) {
    const mm::RefPtr<fs::Node> node = ESC_TRY(fs::Resolve(paths, nullptr, text.view(), fs::FollowLast::kNo));
    if (node->type() != fs::NodeType::kSymbolicLink) break;
    const std::size_t length = ESC_TRY(node->ReadLink(text.link()));
    const std::string_view target(text.link().data(), length);
    if (target.starts_with('/')) {
      text.Set(0);
    } else {
      text.CutToDirectory();
    }
    text.Append(target);
  }
  const std::size_t size = std::min(text.view().size(), to.size() - 1);
  std::memcpy(to.data(), text.view().data(), size);
  to[size] = '\0';
  return Status::kOk;
}

}  // namespace esc::linux_abi
