#include "kernel/fs/walk.h"

#include <algorithm>
#include <cstring>

#include "kernel/mm/heap.h"

namespace esc::fs {
namespace {

constexpr int kMaxLinks = 40;

class Walker {
 public:
  Walker(Paths& paths, Node* base, std::string_view path) : root_(paths.root()), rest_(path) {
    place_.directory = path.starts_with('/') ? root_ : base != nullptr ? mm::RefPtr<Node>(base) : paths.working_directory();
    place_.node = place_.directory;
  }

  Result<Place> Run(FollowLast follow) {
    while (TakeComponent()) {
      place_.directory = place_.node;
      if (place_.directory->type() != NodeType::kDirectory) return Status::kNotDirectory;
      ESC_TRY(CheckAccess(*place_.directory, static_cast<std::uint8_t>(Permission::kExecute)));
      if (component_ == "." || component_ == "..") {
        StepDots();
        continue;
      }
      if (component_.size() > kMaxName) return Status::kNameTooLong;
      const bool last = rest_.find_first_not_of('/') == std::string_view::npos;
      Result<mm::RefPtr<Node>> next = place_.directory->Lookup(component_);
      if (!next.ok() && !(last && next.status() == Status::kNotFound)) return next.status();
      if (next.ok() && (*next)->type() == NodeType::kSymbolicLink &&
          (!last || follow == FollowLast::kYes || (follow == FollowLast::kNo && !rest_.empty()))) {
        ESC_TRY(FollowLink(**next));
        continue;
      }
      RememberName(last);
      if (!next.ok()) {
        place_.node.Reset();
        return std::move(place_);
      }
      place_.node = std::move(*next);
    }
    if (follow != FollowLast::kNever && place_.trailing_slash && place_.node->type() != NodeType::kDirectory) {
      return Status::kNotDirectory;
    }
    return std::move(place_);
  }

 private:
  bool TakeComponent() {
    const std::size_t begin = rest_.find_first_not_of('/');
    if (begin == std::string_view::npos) return false;
    rest_.remove_prefix(begin);
    const std::size_t end = std::min(rest_.find('/'), rest_.size());
    component_ = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return true;
  }

  void StepDots() {
    place_.last_bytes = 0;
    if (component_ == ".." && place_.directory != root_) {
      if (Node* parent = place_.directory->Parent(); parent != nullptr) place_.node = mm::RefPtr<Node>(parent);
    }
  }

  void RememberName(bool last) {
    place_.trailing_slash = last && !rest_.empty();
    place_.last_bytes = component_.size();
    std::memcpy(place_.last.data(), component_.data(), component_.size());
  }

  // The link's text and what is left of the path become the path to walk.
  Status FollowLink(Node& link) {
    if (++links_ > kMaxLinks) return Status::kTooManyLinks;
    if (Result<mm::RefPtr<Node>> target = link.Jump(); target.status() != Status::kNotSupported) {
      place_.node = ESC_TRY(std::move(target));
      place_.last_bytes = 0;
      return Status::kOk;
    }
    mm::Owned<char> text(static_cast<char*>(mm::Allocate(2 * (kMaxPath + 1))));
    if (!text) return Status::kNoMemory;
    const std::size_t bytes = ESC_TRY(link.ReadLink(std::span<char>(text.get(), kMaxPath)));
    if (bytes == 0) return Status::kNotFound;
    if (bytes + rest_.size() > kMaxPath) return Status::kNameTooLong;
    std::memcpy(text.get() + bytes, rest_.data(), rest_.size());
    rest_ = std::string_view(text.get(), bytes + rest_.size());
    text_ = std::move(text);
    if (rest_.starts_with('/')) place_.node = root_;
    return Status::kOk;
  }

  const mm::RefPtr<Node> root_;
  std::string_view rest_;
  std::string_view component_;
  mm::Owned<char> text_;  // what rest_ points into after a link
  int links_ = 0;
  Place place_;
};

}  // namespace

Result<Place> Walk(Paths& paths, Node* base, std::string_view path, FollowLast follow) {
  if (path.empty()) return Status::kNotFound;
  if (path.size() > kMaxPath) return Status::kNameTooLong;
  return Walker(paths, base, path).Run(follow);
}

Result<mm::RefPtr<Node>> Resolve(Paths& paths, Node* base, std::string_view path, FollowLast follow) {
  Place place = ESC_TRY(Walk(paths, base, path, follow));
  if (!place.node) return Status::kNotFound;
  return std::move(place.node);
}

}  // namespace esc::fs
