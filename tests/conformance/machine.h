// A small machine that drives a scheduler plugin the way core does, in virtual time, and judges each answer.
//
// It keeps core's side of the contract in kernel/core/sched_api/run_queue.h (rules 1 to 5) and checks the
// plugin's (rules 6 to 10): every pick, candidate, CPU and slice is verified against what the machine itself
// knows, the wait of every ready thread against the plugin's own bound, and the memory around its queue and
// its thread states against overruns. It stops calling the plugin at the first finding. Not thread-safe.
//
//   Machine machine(mlfq::kDescriptor, {.cpus = 2});
//   const ThreadId a = machine.New();
//   machine.RunFor(Nanos::Millis(30));
//   EXPECT_EQ(machine.Runtime(a), Nanos::Millis(30));
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/cpu_set.h"
#include "kernel/base/units.h"
#include "kernel/core/sched_api/descriptor.h"
#include "kernel/core/sched_api/run_queue.h"
#include "kernel/core/sched_api/thread.h"
#include "kernel/core/sched_api/verdict.h"

namespace esc::conformance {

using ThreadId = std::size_t;

// What the plugin did wrong first. `verdict` is core's name for it (VerdictName), or one of the kit's own:
// "unfair", "overrun", "not_deterministic", "impure", "bad_timer", "bad_descriptor".
struct Finding {
  std::string verdict;
  std::string detail;
};

struct Options {
  std::uint32_t cpus = 1;
  Nanos time_slice = Nanos::Millis(10);
  Nanos tick{};                             // 0: tickless
  std::vector<std::uint64_t> parameters{};  // in the descriptor's order; empty: its defaults
  std::uint64_t seed = 1;                   // for the plugin
  std::uint64_t decline_one_in = 0;         // how often a right hint is passed over; 0: never
};

enum class ThreadState : std::uint8_t { kReady, kRunning, kBlocked, kDead };

class Machine {
 public:
  Machine(const sched::Descriptor& descriptor, const Options& options);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // --- events; each is passed over when the thread's state does not allow it ---
  ThreadId New(const sched::Parameters& parameters = {}, CpuSet affinity = CpuSet::All());
  ThreadId Fork(ThreadId parent);
  void Block(ThreadId thread);                                   // running
  void Wake(ThreadId thread);                                    // blocked
  void Yield(ThreadId thread, std::optional<ThreadId> to = {});  // running; `to`: ready
  void Exit(ThreadId thread);                                    // not dead
  void SetAffinity(ThreadId thread, CpuSet affinity);            // not dead; `affinity` allows a CPU of the machine
  void SetParameters(ThreadId thread, const sched::Parameters& parameters);
  // The holder acts with the donor's priority level if it is higher, as core merges it.
  void Inherit(ThreadId holder, std::optional<ThreadId> donor);
  // A higher layer takes the CPU for a moment: its thread goes back as preempted.
  void PreemptFromAbove(std::uint32_t cpu);
  // All threads leave the plugin as at a hot swap, and come back to it as handed over.
  void HandOver();
  void RunFor(Nanos duration);
  // Takes every thread out; whatever the queues still give after that is a finding.
  void Drain();

  // --- what came of it ---
  Nanos now() const { return now_; }
  ThreadState State(ThreadId thread) const { return threads_[thread]->state; }
  std::size_t thread_count() const { return threads_.size(); }
  Nanos Runtime(ThreadId thread) const;
  std::optional<ThreadId> RunningOn(std::uint32_t cpu) const { return cpus_[cpu].current; }
  Nanos LongestWait(ThreadId thread) const { return threads_[thread]->longest_wait; }
  // Who was picked, one letter a pick ('A' is thread 0).
  const std::string& picks() const { return picks_; }
  // A digest of all decisions, to compare two runs.
  std::uint64_t digest() const { return digest_; }
  const std::optional<Finding>& finding() const { return finding_; }
  std::uint64_t decisions() const { return decisions_; }

 private:
  // Memory with a pattern before and behind it.
  class GuardedBytes {
   public:
    GuardedBytes(std::size_t bytes, std::size_t alignment);
    void* data() { return bytes_.data() + offset_; }
    bool Intact() const;

   private:
    std::vector<unsigned char> bytes_;
    std::size_t offset_;
    std::size_t size_;
  };
  struct SimThread {
    SimThread(const sched::Descriptor& descriptor, ThreadId number);
    ThreadId number;
    sched::Thread thread;
    GuardedBytes plugin_state;
    sched::Parameters own;
    ThreadState state = ThreadState::kBlocked;
    std::size_t queue = 0;  // that holds it, when ready
    Nanos ready_since{};
    std::uint32_t rivals = 0;  // most threads on its queue, itself included, since it has been waiting
    Nanos longest_wait{};
  };
  struct Cpu {
    std::optional<ThreadId> current;
    Nanos slice_end = Nanos::Max();
    Nanos charged_until{};
  };
  struct Queue {
    std::unique_ptr<GuardedBytes> storage;
    sched::RunQueue* run_queue = nullptr;
    CpuSet cpus;
    std::size_t held = 0;
    Nanos timer = Nanos::Max();
  };

  ThreadId Create(const sched::Parameters& parameters, CpuSet affinity, const SimThread* parent);
  sched::RunQueue& QueueOf(std::uint32_t cpu) { return *queues_[QueueIndex(cpu)].run_queue; }
  std::size_t QueueIndex(std::uint32_t cpu) const { return shared_ ? 0 : cpu; }
  CpuSet MachineCpus() const { return CpuSet::FirstN(cpus_.size()); }
  std::optional<std::uint32_t> CpuOf(const SimThread& thread) const;

  void Put(SimThread& thread, std::size_t queue, sched::EnqueueReason reason);
  void Take(SimThread& thread, sched::DequeueReason reason);
  void CheckUnlinked(SimThread& thread);
  void Place(SimThread& thread, sched::EnqueueReason reason);
  std::uint32_t ChooseCpu(SimThread& thread);
  void KickFor(SimThread& thread, std::uint32_t cpu);
  void Charge(std::uint32_t cpu);
  // Ends the turn of the CPU's thread, if it has one, and puts it back when a reason is given.
  SimThread* StopRunning(std::uint32_t cpu, std::optional<sched::EnqueueReason> back);
  void Schedule(std::uint32_t cpu);
  bool Steal(std::uint32_t thief);
  void StartRunning(std::uint32_t cpu, SimThread& thread);
  void AskSlice(std::uint32_t cpu);
  void TickOn(std::uint32_t cpu);
  void FillIdleCpus();
  void RunTimers();
  Nanos NextEvent(Nanos until) const;
  void AfterEvent();

  SimThread* Find(const sched::Thread* thread) const;
  sched::Verdict JudgePick(const sched::Thread* picked, std::uint32_t cpu) const;
  bool HoldsWorkFor(std::uint32_t cpu) const;
  bool Throttled(std::uint32_t cpu) const;
  void CheckWaits();
  void CheckMemory();
  void Report(std::string_view verdict, std::string detail);
  void Report(sched::Verdict verdict, std::string detail) { Report(sched::VerdictName(verdict), std::move(detail)); }
  void Note(std::uint64_t decision);
  bool Passed(std::uint64_t one_in);

  const sched::Descriptor& descriptor_;
  const Options options_;
  const bool shared_;
  std::vector<std::uint64_t> parameters_;
  Nanos now_ = Nanos::Millis(3);
  Nanos next_tick_ = Nanos::Max();
  std::vector<Queue> queues_;
  std::vector<Cpu> cpus_;
  std::vector<std::unique_ptr<SimThread>> threads_;
  std::string picks_;
  std::uint64_t digest_ = 0xcbf29ce484222325;
  std::uint64_t decisions_ = 0;
  std::optional<Finding> finding_;
};

}  // namespace esc::conformance
