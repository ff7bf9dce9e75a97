// The descriptor table of a process: small integers to open files. Shared between threads, copied by fork.
// Locking: its own (rank kFile), inside; files are released outside of it, since a last close may block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/base/spin_lock.h"
#include "kernel/base/status.h"
#include "kernel/core/file.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::core {

enum class CloseOnExec : std::uint8_t { kNo, kYes };

class DescriptorTable : public mm::RefCounted<DescriptorTable> {
 public:
  static constexpr int kMaxDescriptors = 1024;  // RLIMIT_NOFILE's hard limit

  static Result<mm::RefPtr<DescriptorTable>> Create();
  Result<mm::RefPtr<DescriptorTable>> Fork();  // all or nothing
  ~DescriptorTable();

  // The lowest free descriptor >= `lowest`; kTooManyOpen at the limit.
  Result<int> Add(mm::RefPtr<File> file, CloseOnExec close_on_exec, int lowest = 0);
  // Whether the next Add will find a place, unless other threads are quicker: for what could not be undone if it did not.
  // kTooManyOpen, kNoMemory.
  Status MakeRoom();
  // Exactly `descriptor`, closing what was there (dup2).
  Status Put(int descriptor, mm::RefPtr<File> file, CloseOnExec close_on_exec);
  Result<mm::RefPtr<File>> Get(int descriptor);
  // Without lock and reference, for the only thread that can change the table; null when it is not open.
  File* Peek(int descriptor) ESC_NO_THREAD_SAFETY_ANALYSIS {
    return Open(descriptor) ? slots_[descriptor].file.get() : nullptr;
  }
  Status Close(int descriptor);
  void CloseAll();
  void CloseForExec();
  Result<CloseOnExec> GetCloseOnExec(int descriptor);
  Status SetCloseOnExec(int descriptor, CloseOnExec close_on_exec);
  void SetLimit(int limit);  // RLIMIT_NOFILE's soft limit
  // The first open descriptor >= from, or -1: for /proc/PID/fd.
  int NextOpen(int from);

  DescriptorTable() = default;

 private:
  struct Slot {
    mm::RefPtr<File> file;
    CloseOnExec close_on_exec = CloseOnExec::kNo;
  };
  Status Grow(int slots);
  int LowestFree(int lowest) const ESC_REQUIRES(lock_);
  bool CopyInto(DescriptorTable& copy) ESC_REQUIRES(lock_);
  bool Open(int descriptor) const ESC_REQUIRES(lock_) {
    return descriptor >= 0 && descriptor < capacity_ && slots_[descriptor].file;
  }
  static void Count(File& file) { file.descriptors_.fetch_add(1, std::memory_order_relaxed); }
  static void Uncount(mm::RefPtr<File> file);

  SpinLock lock_{LockRank::kFile};
  Slot* slots_ ESC_GUARDED_BY(lock_) = nullptr;
  int capacity_ ESC_GUARDED_BY(lock_) = 0;
  int limit_ ESC_GUARDED_BY(lock_) = kMaxDescriptors;
};

}  // namespace esc::core
