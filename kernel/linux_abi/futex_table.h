// Futexes: threads that wait for a word of user memory to change.
//
// A key names the word: by address space and address, or by physical address where memory is shared between address
// spaces. A waiter links itself first and reads the word after: a waker that changes the word after that read finds
// it linked. Locking: one lock, rank kWaitQueue, for all lists; held for one list's walk at most. Requeueing moves
// between two lists, which one lock makes a single step.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/base/intrusive_list.h"
#include "kernel/base/spin_lock.h"
#include "kernel/base/units.h"

namespace esc::core {
class Thread;
}

namespace esc::linux_abi {

struct FutexKey {
  const void* space = nullptr;  // nullptr: `word` is a physical address
  std::uint64_t word = 0;
  bool operator==(const FutexKey&) const = default;
};

struct FutexTag {};

// On the waiting thread's stack, linked for its scope.
class FutexTable;
class FutexWaiter : public ListHook<FutexTag> {
 public:
  FutexWaiter(FutexTable& table, const FutexKey& key, std::uint32_t bits, core::Thread& thread);
  ~FutexWaiter();
  bool woken() const;

 private:
  friend class FutexTable;
  FutexTable& table_;
  core::Thread& thread_;
  FutexKey key_;       // guarded by the table's lock, as are the rest
  std::uint32_t bits_;
  bool woken_ = false;
};

class FutexTable {
 public:
  // At most `most` waiters of `key` whose bits meet `bits`, first come first; how many.
  std::uint64_t Wake(const FutexKey& key, std::uint32_t bits, std::uint64_t most);
  // Wakes `wake` of them and lets up to `move` others wait for `to`; the sum.
  std::uint64_t Requeue(const FutexKey& from, const FutexKey& to, std::uint64_t wake, std::uint64_t move);

 private:
  friend class FutexWaiter;
  using List = IntrusiveList<FutexWaiter, FutexTag>;
  static constexpr std::size_t kLists = 256;
  static std::size_t Index(const FutexKey& key);
  List& ListOf(const FutexKey& key) ESC_REQUIRES(lock_) { return lists_[Index(key)]; }
  void WakeLinked(List& list, FutexWaiter& waiter) ESC_REQUIRES(lock_);

  SpinLock lock_{LockRank::kWaitQueue};
  std::array<List, kLists> lists_ ESC_GUARDED_BY(lock_);
};

}  // namespace esc::linux_abi
