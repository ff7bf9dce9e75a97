#include "kernel/core/descriptor_table.h"

#include <algorithm>
#include <new>
#include <utility>

#include "kernel/base/check.h"
#include "kernel/mm/heap.h"

namespace esc::core {
namespace {
constexpr int kFirstCapacity = 16;
}  // namespace

// With its last descriptor the description is closed. No lock held: it may block.
void DescriptorTable::Uncount(mm::RefPtr<File> file) {
  if (file && file->descriptors_.fetch_sub(1, std::memory_order_acq_rel) == 1) file->Closed();
}

Result<mm::RefPtr<DescriptorTable>> DescriptorTable::Create() { return mm::MakeRef<DescriptorTable>(); }

DescriptorTable::~DescriptorTable() {
  CloseAll();
  mm::Free(slots_);
}

// The new array is made before the lock is taken: the heap's lock may be, but filling it need not be under ours.
Status DescriptorTable::Grow(int slots) {
  int capacity = kFirstCapacity;
  while (capacity < slots) capacity *= 2;
  capacity = std::min(capacity, kMaxDescriptors);
  auto* grown = static_cast<Slot*>(mm::Allocate(sizeof(Slot) * static_cast<std::size_t>(capacity)));
  if (grown == nullptr) return Status::kNoMemory;
  for (int i = 0; i < capacity; ++i) new (&grown[i]) Slot();
  Slot* old = grown;
  {
    SpinLockGuard guard(lock_);
    if (capacity > capacity_) {
      for (int i = 0; i < capacity_; ++i) grown[i] = std::move(slots_[i]);
      old = std::exchange(slots_, grown);
      capacity_ = capacity;
    }
  }
  mm::Free(old);  // empty slots need no destruction
  return Status::kOk;
}

Result<mm::RefPtr<DescriptorTable>> DescriptorTable::Fork() {
  mm::RefPtr<DescriptorTable> copy = ESC_TRY(Create());
  for (;;) {
    int needed;
    {
      SpinLockGuard guard(lock_);
      needed = capacity_;
    }
    if (needed > 0) ESC_TRY(copy->Grow(needed));
    SpinLockGuard guard(lock_);
    if (CopyInto(*copy)) return copy;
  }
}

// False when it does not fit any more. Nobody else knows the copy yet, so its lock, of our rank, is not taken.
bool DescriptorTable::CopyInto(DescriptorTable& copy) ESC_NO_THREAD_SAFETY_ANALYSIS {
  if (copy.capacity_ < capacity_) return false;
  for (int i = 0; i < capacity_; ++i) {
    copy.slots_[i] = slots_[i];
    if (slots_[i].file) Count(*slots_[i].file);
  }
  copy.limit_ = limit_;
  return true;
}

int DescriptorTable::LowestFree(int lowest) const {
  int at = lowest;
  while (at < capacity_ && slots_[at].file) ++at;
  return at;
}

Status DescriptorTable::MakeRoom() {
  int at;
  {
    SpinLockGuard guard(lock_);
    at = LowestFree(0);
    if (at >= limit_) return Status::kTooManyOpen;
    if (at < capacity_) return Status::kOk;
  }
  return Grow(at + 1);
}

Result<int> DescriptorTable::Add(mm::RefPtr<File> file, CloseOnExec close_on_exec, int lowest) {
  if (lowest < 0) return Status::kInvalidArgument;
  for (;;) {
    int at;
    {
      SpinLockGuard guard(lock_);
      if (lowest >= limit_) return Status::kTooManyOpen;
      at = LowestFree(lowest);
      if (at >= limit_) return Status::kTooManyOpen;
      if (at < capacity_) {
        Count(*file);
        slots_[at].file = std::move(file);
        slots_[at].close_on_exec = close_on_exec;
        return at;
      }
    }
    ESC_TRY(Grow(at + 1));
  }
}

Status DescriptorTable::Put(int descriptor, mm::RefPtr<File> file, CloseOnExec close_on_exec) {
  if (descriptor < 0 || descriptor >= kMaxDescriptors) return Status::kBadDescriptor;
  mm::RefPtr<File> before;
  for (;;) {
    {
      SpinLockGuard guard(lock_);
      if (descriptor >= limit_) return Status::kBadDescriptor;
      if (descriptor < capacity_) {
        Count(*file);
        before = std::exchange(slots_[descriptor].file, std::move(file));
        slots_[descriptor].close_on_exec = close_on_exec;
        break;
      }
    }
    ESC_TRY(Grow(descriptor + 1));
  }
  Uncount(std::move(before));
  return Status::kOk;
}

Result<mm::RefPtr<File>> DescriptorTable::Get(int descriptor) {
  SpinLockGuard guard(lock_);
  if (!Open(descriptor)) return Status::kBadDescriptor;
  return slots_[descriptor].file;
}

Status DescriptorTable::Close(int descriptor) {
  mm::RefPtr<File> file;
  {
    SpinLockGuard guard(lock_);
    if (!Open(descriptor)) return Status::kBadDescriptor;
    file = std::move(slots_[descriptor].file);
  }
  Uncount(std::move(file));
  return Status::kOk;
}

void DescriptorTable::CloseAll() {
  for (int i = NextOpen(0); i >= 0; i = NextOpen(i + 1)) (void)Close(i);
}

void DescriptorTable::CloseForExec() {
  for (int i = NextOpen(0); i >= 0; i = NextOpen(i + 1)) {
    const Result<CloseOnExec> close = GetCloseOnExec(i);
    if (close.ok() && *close == CloseOnExec::kYes) (void)Close(i);
  }
}

Result<CloseOnExec> DescriptorTable::GetCloseOnExec(int descriptor) {
  SpinLockGuard guard(lock_);
  if (!Open(descriptor)) return Status::kBadDescriptor;
  return slots_[descriptor].close_on_exec;
}

Status DescriptorTable::SetCloseOnExec(int descriptor, CloseOnExec close_on_exec) {
  SpinLockGuard guard(lock_);
  if (!Open(descriptor)) return Status::kBadDescriptor;
  slots_[descriptor].close_on_exec = close_on_exec;
  return Status::kOk;
}

void DescriptorTable::SetLimit(int limit) {
  SpinLockGuard guard(lock_);
  limit_ = std::clamp(limit, 0, kMaxDescriptors);
}

int DescriptorTable::NextOpen(int from) {
  SpinLockGuard guard(lock_);
  for (int i = from; i < capacity_; ++i) {
    if (slots_[i].file) return i;
  }
  return -1;
}

}  // namespace esc::core
