#include "kernel/linux_abi/futex_table.h"

#include "kernel/core/park.h"

namespace esc::linux_abi {

FutexWaiter::FutexWaiter(FutexTable& table, const FutexKey& key, std::uint32_t bits, core::Thread& thread)
    : table_(table), thread_(thread), key_(key), bits_(bits) {
  SpinLockGuard guard(table_.lock_);
  table_.ListOf(key_).push_back(*this);
}

FutexWaiter::~FutexWaiter() {
  SpinLockGuard guard(table_.lock_);
  if (linked()) table_.ListOf(key_).remove(*this);
}

bool FutexWaiter::woken() const {
  SpinLockGuard guard(table_.lock_);
  return woken_;
}

std::size_t FutexTable::Index(const FutexKey& key) {
  // Fibonacci hashing; the low bits of a word's address are zero.
  const std::uint64_t mixed = (reinterpret_cast<std::uintptr_t>(key.space) ^ (key.word >> 2)) * 0x9E3779B97F4A7C15;
  return mixed >> 56;
}

void FutexTable::WakeLinked(List& list, FutexWaiter& waiter) {
  // Unlink and mark first: once unparked, the thread may run on another CPU and end the waiter's scope, but its
  // destructor waits for our lock.
  list.remove(waiter);
  waiter.woken_ = true;
  core::Unpark(waiter.thread_);
}

std::uint64_t FutexTable::Wake(const FutexKey& key, std::uint32_t bits, std::uint64_t most) {
  SpinLockGuard guard(lock_);
  List& list = ListOf(key);
  std::uint64_t woken = 0;
  for (auto at = list.begin(); at != list.end() && woken < most;) {
    FutexWaiter& waiter = *at;
    ++at;
    if (waiter.key_ != key || (waiter.bits_ & bits) == 0) continue;
    WakeLinked(list, waiter);
    ++woken;
  }
  return woken;
}

std::uint64_t FutexTable::Requeue(const FutexKey& from, const FutexKey& to, std::uint64_t wake, std::uint64_t move) {
  SpinLockGuard guard(lock_);
  List& list = ListOf(from);
  List& target = ListOf(to);
  std::uint64_t woken = 0, moved = 0;
  // A waiter that moves to the same list's end is met again: it has the new key then, and is passed over.
  for (auto at = list.begin(); at != list.end() && (woken < wake || moved < move);) {
    FutexWaiter& waiter = *at;
    ++at;
    if (waiter.key_ != from) continue;
    if (woken < wake) {
      WakeLinked(list, waiter);
      ++woken;
    } else {
      if (from == to) {
        ++moved;
        continue;
      }
      list.remove(waiter);
      waiter.key_ = to;
      target.push_back(waiter);
      ++moved;
    }
  }
  return woken + moved;
}

}  // namespace esc::linux_abi
