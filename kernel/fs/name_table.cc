#include "kernel/fs/name_table.h"

#include <cstring>

namespace esc::fs {

// FNV-1a: names are short, and a directory is no place for an attacker to gain by collisions (look-ups only slow
// the one who made them).
std::uint32_t NameTable::Hash(std::string_view name) {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

NameTable::Entry* NameTable::Find(std::string_view name) {
  if (buckets_.empty()) return nullptr;
  const std::uint32_t hash = Hash(name);
  for (std::uint32_t i = buckets_[hash & (buckets_.size() - 1)]; i != kNone; i = slots_[i].next) {
    if (slots_[i].hash == hash && slots_[i].view() == name) return &slots_[i];
  }
  return nullptr;
}

Status NameTable::GrowBuckets() {
  mm::Vector<std::uint32_t> buckets;
  ESC_TRY(buckets.Resize(buckets_.empty() ? 8 : buckets_.size() * 2));
  for (std::uint32_t& bucket : buckets) bucket = kNone;
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].node) continue;
    std::uint32_t& bucket = buckets[slots_[i].hash & (buckets.size() - 1)];
    slots_[i].next = bucket;
    bucket = i;
  }
  buckets_ = std::move(buckets);
  return Status::kOk;
}

Status NameTable::Insert(std::string_view name, mm::RefPtr<Node> node) {
  if (Find(name) != nullptr) return Status::kAlreadyExists;
  mm::Owned<char> copy(static_cast<char*>(mm::Allocate(name.size())));
  if (!copy) return Status::kNoMemory;
  std::memcpy(copy.get(), name.data(), name.size());
  if (count_ == buckets_.size()) ESC_TRY(GrowBuckets());
  std::uint32_t slot = free_;
  if (slot != kNone) {
    free_ = slots_[slot].next;
  } else {
    slot = static_cast<std::uint32_t>(slots_.size());
    ESC_TRY(slots_.PushBack(Entry{}));
  }
  const std::uint32_t hash = Hash(name);
  std::uint32_t& bucket = buckets_[hash & (buckets_.size() - 1)];
  slots_[slot] = Entry{std::move(copy), static_cast<std::uint32_t>(name.size()), hash, bucket, std::move(node)};
  bucket = slot;
  ++count_;
  return Status::kOk;
}

mm::RefPtr<Node> NameTable::Remove(std::string_view name) {
  if (buckets_.empty()) return {};
  std::uint32_t* link = &buckets_[Hash(name) & (buckets_.size() - 1)];
  while (*link != kNone && slots_[*link].view() != name) link = &slots_[*link].next;
  if (*link == kNone) return {};
  const std::uint32_t slot = *link;
  Entry& entry = slots_[slot];
  *link = entry.next;
  mm::RefPtr<Node> node = std::move(entry.node);
  entry.name.reset();
  entry.name_bytes = 0;
  entry.next = free_;
  free_ = slot;
  --count_;
  return node;
}

NameTable::Entry* NameTable::At(std::size_t& from) {
  while (from < slots_.size() && !slots_[from].node) ++from;
  return from < slots_.size() ? &slots_[from] : nullptr;
}

}  // namespace esc::fs
