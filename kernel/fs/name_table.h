// The entries of one directory: names to nodes, with look-up by hash and cursors that stay good.
//
// Slots are reused but never moved, so a cursor (slot index) continues where it was whatever is added or removed
// in between: a reader sees each entry that was there all the time exactly once, as readdir promises. Not
// thread-safe: the directory's lock guards it. Cost: look-up O(1) expected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/base/status.h"
#include "kernel/fs/node.h"
#include "kernel/mm/ref_ptr.h"
#include "kernel/mm/vector.h"

namespace esc::fs {

class NameTable {
 public:
  struct Entry {
    mm::Owned<char> name;  // name_bytes characters, not terminated
    std::uint32_t name_bytes = 0;
    std::uint32_t hash = 0;
    std::uint32_t next = kNone;  // in its bucket, or in the free list
    mm::RefPtr<Node> node;       // empty: a free slot
    std::string_view view() const { return {name.get(), name_bytes}; }
  };

  std::size_t count() const { return count_; }
  // nullptr when there is none.
  Entry* Find(std::string_view name);
  Status Insert(std::string_view name, mm::RefPtr<Node> node);  // kAlreadyExists, kNoMemory
  // The node that was there; empty when there was none.
  mm::RefPtr<Node> Remove(std::string_view name);
  // The first entry at or after slot `from`; nullptr past the end. `from` becomes its slot.
  Entry* At(std::size_t& from);

 private:
  static constexpr std::uint32_t kNone = ~0u;
  static std::uint32_t Hash(std::string_view name);
  Status GrowBuckets();

  mm::Vector<Entry> slots_;
  mm::Vector<std::uint32_t> buckets_;  // a power of two
  std::uint32_t free_ = kNone;
  std::size_t count_ = 0;
};

}  // namespace esc::fs
