// The epoll instances of the system, so that a file that is closed for the last time leaves all of them.
#pragma once

#include "kernel/base/intrusive_list.h"
#include "kernel/core/file.h"
#include "kernel/core/mutex.h"

namespace esc::linux_abi {

struct EpollTag {};

class EpollInstance : public ListHook<EpollTag> {
 public:
  // Drops what it knows of `file`. The mutex of Epolls is held.
  virtual void Forget(core::File& file) = 0;

 protected:
  ~EpollInstance() = default;
};

// The mutex also guards what the instances are interested in: epoll instances do not watch each other, so that one lock
// is enough for all.
struct Epolls {
  core::Mutex mutex;
  IntrusiveList<EpollInstance, EpollTag> list ESC_GUARDED_BY(mutex);
};

}  // namespace esc::linux_abi
