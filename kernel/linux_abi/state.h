// What this layer keeps for the whole system. Made by InitLinuxAbi, never destroyed.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "kernel/base/spin_lock.h"
#include "kernel/core/mutex.h"
#include "kernel/core/wait_queue.h"
#include "kernel/linux_abi/epolls.h"
#include "kernel/linux_abi/futex_table.h"
#include "kernel/linux_abi/interval_timers.h"
#include "kernel/linux_abi/lock_table.h"
#include "kernel/linux_abi/posix_timers.h"
#include "kernel/mm/page_source.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::linux_abi {

struct State {
  FutexTable futexes;
  core::Mutex directory_cursors;  // OpenFile::directory_cursor of every open directory
  IntervalTimers interval_timers;
  PosixTimers posix_timers;
  Epolls epolls;
  LockTable file_locks;
  core::WaitQueue held_signals;  // woken when a blocked signal has come, to any process (signal_files.cc)
  mm::RefPtr<mm::PageSource> vdso;  // set before the first program, the same from then on

  SpinLock name_lock{LockRank::kLeaf};
  std::array<char, 65> host_name ESC_GUARDED_BY(name_lock){};
  std::array<char, 65> domain_name ESC_GUARDED_BY(name_lock){};

  std::atomic<std::uint8_t> power_off_code{0};
};

State& MakeState();  // once, by InitLinuxAbi
State& GlobalState();

}  // namespace esc::linux_abi
