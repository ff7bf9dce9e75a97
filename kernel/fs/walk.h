// One walk along a path name: what every operation that takes names begins with.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "kernel/base/status.h"
#include "kernel/fs/node.h"
#include "kernel/fs/paths.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::fs {

// Where a path leads. `node` is empty when only the last name is missing. For a path that ends in "/", "." or ".."
// there is no last name to create or remove: last_bytes is 0.
struct Place {
  mm::RefPtr<Node> directory;
  mm::RefPtr<Node> node;
  std::array<char, kMaxName> last{};
  std::size_t last_bytes = 0;
  bool trailing_slash = false;
  std::string_view name() const { return {last.data(), last_bytes}; }
};

// kNotFound when a directory on the way is missing, or the path is empty. At most 40 symbolic links.
Result<Place> Walk(Paths& paths, Node* base, std::string_view path, FollowLast follow);

}  // namespace esc::fs
