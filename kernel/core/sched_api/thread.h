// What a scheduling algorithm sees of a thread.
//
// Core owns the object and everything in it but the plugin's state, whose size and alignment the plugin
// states in its Descriptor; core lays it out right behind the thread. Locking: the run queue's lock that
// the thread belongs to; a plugin takes none, since core calls it with that lock held.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/base/cpu_set.h"
#include "kernel/base/intrusive_list.h"
#include "kernel/base/units.h"

namespace esc::sched {

// Five levels, the higher the more urgent.
enum class PriorityLevel : std::uint8_t { kIdle = 0, kLow = 1, kNormal = 2, kHigh = 3, kRealTime = 4 };
inline constexpr int kPriorityLevels = 5;

// What the owner of a thread asked for. A plugin uses what its capabilities name and ignores the rest;
// core refuses a request for what no layer of the stack is capable of.
struct Parameters {
  PriorityLevel priority = PriorityLevel::kNormal;
  std::int8_t nice = 0;            // -20 (most) .. 19 (least), as POSIX
  std::uint32_t weight = 1024;     // relative share; 1024 is nice 0
  std::uint32_t tickets = 100;     // lottery
  Nanos runtime{};                 // constant-bandwidth budget each period; 0: no deadline parameters
  Nanos deadline{};                // relative
  Nanos period{};
  bool operator==(const Parameters&) const = default;
};

// Plugins link ready threads through this hook, or keep their own structure in their state.
struct QueueTag {};

class Thread : public ListHook<QueueTag> {
 public:
  Thread() = default;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  Tid id() const { return id_; }
  // With inheritance applied: what the plugin is to act on.
  const Parameters& parameters() const { return effective_; }
  const CpuSet& affinity() const { return affinity_; }
  // The CPU it last ran on; kNoCpu for a new one.
  CpuId last_cpu() const { return last_cpu_; }
  // CPU time since creation, charged up to the last event.
  Nanos total_runtime() const { return total_runtime_; }

  // The plugin's own state. Alive (constructed by Policy::InitThread) from InitThread to ExitThread.
  template <class State>
  State& state() {
    static_assert(alignof(State) <= kStateAlignment);
    return *static_cast<State*>(state_);
  }
  template <class State>
  const State& state() const {
    return *static_cast<const State*>(state_);
  }
  void* raw_state() { return state_; }

  // The widest alignment that a plugin's state may ask for.
  static constexpr std::size_t kStateAlignment = 16;

 private:
  friend class ThreadAccess;  // core's only way in: kernel/core/sched_api/thread_access.h
  Tid id_{};
  Parameters effective_;
  CpuSet affinity_ = CpuSet::All();
  CpuId last_cpu_ = kNoCpu;
  Nanos total_runtime_{};
  void* state_ = nullptr;
};

}  // namespace esc::sched
