// What system calls need of the running process, each taken under its lock and kept by reference.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/base/status.h"
#include "kernel/core/descriptor_table.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/fs/node.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::linux_abi {

mm::RefPtr<core::DescriptorTable> CurrentDescriptors();
mm::RefPtr<mm::AddressSpace> CurrentMemory();
core::Credentials CurrentCredentials();

// The open file behind a descriptor; kBadDescriptor.
Result<mm::RefPtr<core::File>> FileOf(int descriptor);

// The same for the length of one system call, by the thread that makes it; null when the descriptor is not open. Counts no
// reference where nobody else could close the file.
class HeldFile {
 public:
  explicit HeldFile(int descriptor);
  explicit operator bool() const { return file_ != nullptr; }
  core::File& operator*() const { return *file_; }
  core::File* operator->() const { return file_; }

 private:
  core::File* file_ = nullptr;
  mm::RefPtr<core::File> counted_;  // null when it is not needed
};

// The node that a *at call starts from: null for AT_FDCWD and for absolute paths. kBadDescriptor, kNotDirectory.
Result<mm::RefPtr<fs::Node>> BaseOf(int descriptor, std::string_view path);

// The thread with this number, of any process; null when there is none.
mm::RefPtr<core::Thread> FindThread(Tid tid);

// The signals that the running thread holds back.
core::SignalSet CurrentMask();

}  // namespace esc::linux_abi
