#include "tests/conformance/broken/broken_plugins.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/core/sched_api/ready_list.h"
#include "kernel/core/sched_api/run_queue.h"
#include "kernel/core/sched_api/thread.h"

namespace esc::conformance::broken {
namespace {

using sched::Capability;
using sched::DequeueReason;
using sched::Descriptor;
using sched::EnqueueReason;
using sched::QueueConfig;
using sched::Thread;
using sched::Topology;

struct State {
  std::uint64_t number;
};

// An honest round robin over an array, not over hooks, so that a fault is the kit's to find and not the list's.
class Honest : public sched::RunQueue {
 public:
  explicit Honest(const QueueConfig&) {}
  void Enqueue(Thread& thread, EnqueueReason, Nanos) override { Append(thread); }
  void Dequeue(Thread& thread, DequeueReason, Nanos) override { Remove(thread); }
  Thread* PickNext(CpuId cpu, Nanos) override {
    Thread* const thread = First(cpu);
    if (thread != nullptr) Remove(*thread);
    return thread;
  }

 protected:
  void Append(Thread& thread) {
    if (count_ < ready_.size()) ready_[count_++] = &thread;
  }
  void Remove(Thread& thread) {
    const auto end = ready_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto at = std::find(ready_.begin(), end, &thread);
    if (at == end) return;
    std::copy(at + 1, end, at);
    --count_;
  }
  Thread* First(CpuId cpu) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (ready_[i]->affinity().Contains(cpu)) return ready_[i];
    }
    return nullptr;
  }

  std::array<Thread*, 64> ready_{};
  std::size_t count_ = 0;
};

class Forgets final : public Honest {
  using Honest::Honest;
  void Enqueue(Thread& thread, EnqueueReason, Nanos) override {
    if (++calls_ % 5 != 0) Append(thread);
  }
  int calls_ = 0;
};

class Idles final : public Honest {
  using Honest::Honest;
  Thread* PickNext(CpuId cpu, Nanos now) override { return ++calls_ % 7 == 0 ? nullptr : Honest::PickNext(cpu, now); }
  int calls_ = 0;
};

class GivesAgain final : public Honest {
  using Honest::Honest;
  void Enqueue(Thread& thread, EnqueueReason, Nanos) override {
    Remove(thread);
    Append(thread);
  }
  Thread* PickNext(CpuId cpu, Nanos) override { return First(cpu); }
};

// To a CPU that asks at the same moment as another one got it.
class GivesRunning final : public Honest {
  using Honest::Honest;
  Thread* PickNext(CpuId cpu, Nanos now) override {
    if (count_ == 0 && last_ != nullptr && cpu != last_cpu_ && now == last_time_) return last_;
    last_ = Honest::PickNext(cpu, now);
    last_cpu_ = cpu;
    last_time_ = now;
    return last_;
  }
  Thread* last_ = nullptr;
  CpuId last_cpu_;
  Nanos last_time_;
};

class KeepsMigrated final : public Honest {
  using Honest::Honest;
  void Dequeue(Thread& thread, DequeueReason reason, Nanos) override {
    if (reason != DequeueReason::kMigrated) Remove(thread);
  }
};

// The list would break at the next push if the thread were linked twice.
class StaysLinked final : public sched::RunQueue {
 public:
  explicit StaysLinked(const QueueConfig&) {}
  void Enqueue(Thread& thread, EnqueueReason, Nanos) override { ready_.push_back(thread); }
  void Dequeue(Thread& thread, DequeueReason, Nanos) override { ready_.remove(thread); }
  Thread* PickNext(CpuId, Nanos) override { return ready_.empty() ? nullptr : &ready_.front(); }

 private:
  sched::ReadyList ready_;
};

class IgnoresAffinity final : public Honest {
  using Honest::Honest;
  Thread* PickNext(CpuId, Nanos) override {
    if (count_ == 0) return nullptr;
    Thread* const thread = ready_[0];
    Remove(*thread);
    return thread;
  }
};

class InventsThread final : public Honest {
  using Honest::Honest;
  Thread* PickNext(CpuId, Nanos) override { return &own_; }
  Thread own_;
};

class OffersPinned final : public Honest {
  using Honest::Honest;
  Thread* StealCandidate(CpuId, Nanos) override { return count_ == 0 ? nullptr : ready_[0]; }
};

class NamesNoCpu final : public Honest {
  using Honest::Honest;
  CpuId SelectCpu(const Thread&, CpuSet, Nanos) override { return CpuId{63}; }
};

class NegativeSlice final : public Honest {
  using Honest::Honest;
  std::optional<Nanos> TimeSlice(const Thread&, Nanos) override { return Nanos{-1}; }
};

class Starves final : public Honest {
  using Honest::Honest;
  Thread* PickNext(CpuId, Nanos) override { return count_ == 0 ? nullptr : ready_[--count_]; }
};

class Unfair final : public Honest {
  using Honest::Honest;
  std::optional<Nanos> TimeSlice(const Thread& thread, Nanos) override {
    return thread.id().value == 1 ? Nanos::Millis(20) : Nanos::Millis(10);
  }
};

class Overruns final : public Honest {
  using Honest::Honest;
  void InitThread(Thread& thread, Nanos) override { (&thread.state<State>())[1].number = 1; }
};

int remembered = 0;
class Remembers final : public Honest {
  using Honest::Honest;
  std::optional<Nanos> TimeSlice(const Thread&, Nanos) override { return Nanos{++remembered}; }
};

class Impure final : public Honest {
  using Honest::Honest;
  bool Accepts(const Thread&) const override { return ++calls_ % 2 == 0; }
  mutable int calls_ = 0;
};

class TimerInThePast final : public Honest {
  using Honest::Honest;
  Nanos NextTimer(Nanos now) override { return now - Nanos{1}; }
};

template <class Queue>
constexpr Descriptor Broken(std::string_view name, Topology topology = Topology::kPerCpu,
                            sched::Guarantees guarantees = {}) {
  return sched::DescribeQueue<Queue, State>({.name = name,
                                             .summary = "breaks one rule",
                                             .topology = topology,
                                             .capabilities = Capability::kNone,
                                             .guarantees = guarantees});
}

constexpr sched::Guarantees kTurns = {.starvation_bound = [](std::span<const std::uint64_t>, Nanos slice,
                                                             std::uint32_t threads) { return slice * threads; }};
constexpr sched::Guarantees kFair = {
    .fairness_error = [](std::span<const std::uint64_t>, Nanos slice, std::uint32_t) { return slice; }};

}  // namespace

constinit const Descriptor kHonest = Broken<Honest>("honest", Topology::kPerCpu, kTurns);
constinit const Descriptor kForgets = Broken<Forgets>("forgets");
constinit const Descriptor kIdles = Broken<Idles>("idles");
constinit const Descriptor kGivesBlocked = Broken<GivesAgain>("gives_blocked");
constinit const Descriptor kGivesRunning = Broken<GivesRunning>("gives_running", Topology::kShared);
constinit const Descriptor kKeepsMigrated = Broken<KeepsMigrated>("keeps_migrated");
constinit const Descriptor kStaysLinked = Broken<StaysLinked>("stays_linked");
constinit const Descriptor kIgnoresAffinity = Broken<IgnoresAffinity>("ignores_affinity", Topology::kShared);
constinit const Descriptor kInventsThread = Broken<InventsThread>("invents_thread");
constinit const Descriptor kOffersPinned = Broken<OffersPinned>("offers_pinned");
constinit const Descriptor kNamesNoCpu = Broken<NamesNoCpu>("names_no_cpu");
constinit const Descriptor kNegativeSlice = Broken<NegativeSlice>("negative_slice");
constinit const Descriptor kStarves = Broken<Starves>("starves", Topology::kPerCpu, kTurns);
constinit const Descriptor kUnfair = Broken<Unfair>("unfair", Topology::kPerCpu, kFair);
constinit const Descriptor kOverruns = Broken<Overruns>("overruns");
constinit const Descriptor kRemembers = Broken<Remembers>("remembers");
constinit const Descriptor kImpure = Broken<Impure>("impure");
constinit const Descriptor kTimerInThePast = Broken<TimerInThePast>("timer_in_the_past");
constinit const Descriptor kBadName = Broken<Honest>("BadName");

}  // namespace esc::conformance::broken
