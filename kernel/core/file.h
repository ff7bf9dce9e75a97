// An open file description, as the descriptor table holds it. fs implements it for files, directories, pipes and
// devices; linux_abi drives it. Shared between descriptors and processes by RefPtr; thread-safe inside.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/core/wait_queue.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::core {

// User or kernel memory that a read fills or a write empties, in pieces. A byte count is what was moved; a fault
// after some bytes is a short count, before the first is kFault.
class IoBuffer {
 public:
  static IoBuffer User(VirtAddr address, std::size_t bytes) { return IoBuffer(address, bytes, true); }
  static IoBuffer Kernel(void* memory, std::size_t bytes) {
    return IoBuffer(VirtAddr{reinterpret_cast<std::uintptr_t>(memory)}, bytes, false);
  }
  std::size_t remaining() const { return remaining_; }
  std::size_t done() const { return done_; }
  // Leaves out what lies past the next `bytes`.
  void Limit(std::size_t bytes) { remaining_ = bytes < remaining_ ? bytes : remaining_; }
  // Moves up to `bytes` and advances. Interrupts on, no spin lock held.
  Status CopyIn(void* to, std::size_t bytes);         // out of the buffer into kernel memory (write)
  Status CopyOut(const void* from, std::size_t bytes);  // from kernel memory into the buffer (read)

 private:
  IoBuffer(VirtAddr address, std::size_t bytes, bool user) : address_(address), remaining_(bytes), user_(user) {}
  VirtAddr address_;
  std::size_t remaining_;
  std::size_t done_ = 0;
  bool user_;
};

// Events of poll().
enum class Readiness : std::uint8_t { kNone = 0, kReadable = 1, kWritable = 2, kHangUp = 4, kError = 8 };
constexpr Readiness operator|(Readiness a, Readiness b) {
  return static_cast<Readiness>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr Readiness operator&(Readiness a, Readiness b) {
  return static_cast<Readiness>(static_cast<std::uint8_t>(a) & static_cast<std::uint8_t>(b));
}

enum class SeekFrom : std::uint8_t { kStart, kCurrent, kEnd };

// How it was opened; changed by fcntl(F_SETFL) for append and non_blocking only.
struct OpenMode {
  bool readable = false;
  bool writable = false;
  bool append = false;
  bool non_blocking = false;
};

class File : public mm::RefCounted<File> {
 public:
  explicit File(OpenMode mode) : mode_(mode) {}
  virtual ~File() = default;

  // At the file's own position, which they move. Bytes done; 0 from Read is the end. kWouldBlock, kInterrupted
  // (kRestart when nothing was done), kBrokenPipe (the caller sends SIGPIPE), kBadDescriptor when not opened so.
  virtual Result<std::size_t> Read(IoBuffer buffer) = 0;
  virtual Result<std::size_t> Write(IoBuffer buffer) = 0;
  // At `offset`; kNotSeekable for pipes and terminals.
  virtual Result<std::size_t> ReadAt(IoBuffer, std::uint64_t /*offset*/) { return Status::kNotSeekable; }
  virtual Result<std::size_t> WriteAt(IoBuffer, std::uint64_t /*offset*/) { return Status::kNotSeekable; }
  virtual Result<std::uint64_t> Seek(std::int64_t /*offset*/, SeekFrom) { return Status::kNotSeekable; }
  virtual Readiness Poll() { return Readiness::kReadable | Readiness::kWritable; }
  // Woken whenever Poll() may have changed; nullptr when it never does.
  virtual WaitQueue* PollQueue() { return nullptr; }
  // For mmap; kNotSupported when it cannot be mapped.
  virtual Result<mm::RefPtr<mm::PageSource>> Pages() { return Status::kNotSupported; }
  // A descriptor of it was closed for the last time; the object lives on while mapped.
  virtual void Closed() {}

  OpenMode mode() const { return mode_; }
  void SetNonBlocking(bool on) { mode_.non_blocking = on; }
  void SetAppend(bool on) { mode_.append = on; }

 private:
  friend class DescriptorTable;
  std::atomic<std::uint32_t> descriptors_{0};  // of all tables; a read in progress holds a reference but is none
  OpenMode mode_;
};

}  // namespace esc::core
