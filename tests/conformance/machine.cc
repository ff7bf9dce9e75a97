#include "tests/conformance/machine.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kernel/base/bits.h"
#include "kernel/core/sched_api/thread_access.h"

namespace esc::conformance {
namespace {

using sched::DequeueReason;
using sched::EnqueueReason;
using sched::ThreadAccess;
using sched::TickDecision;
using sched::Verdict;

constexpr std::size_t kGuardBytes = 64;
constexpr unsigned char kGuard = 0xa5;

std::string Text(Nanos value) { return std::to_string(value.value) + " ns"; }
std::string Name(ThreadId thread) { return "thread " + std::to_string(thread); }

}  // namespace

Machine::GuardedBytes::GuardedBytes(std::size_t bytes, std::size_t alignment)
    : bytes_(bytes + 2 * kGuardBytes + alignment, kGuard), offset_(0), size_(bytes) {
  const auto start = reinterpret_cast<std::uintptr_t>(bytes_.data());
  offset_ = AlignUp<std::uintptr_t>(start + kGuardBytes, std::max<std::size_t>(alignment, 1)) - start;
  std::memset(bytes_.data() + offset_, 0, size_);
}

bool Machine::GuardedBytes::Intact() const {
  const auto is_guard = [](unsigned char byte) { return byte == kGuard; };
  const auto begin = bytes_.begin();
  const auto inner = begin + static_cast<std::ptrdiff_t>(offset_);
  return std::all_of(begin, inner, is_guard) &&
         std::all_of(inner + static_cast<std::ptrdiff_t>(size_), bytes_.end(), is_guard);
}

Machine::SimThread::SimThread(const sched::Descriptor& descriptor, ThreadId thread_number)
    : number(thread_number), plugin_state(descriptor.thread_state_bytes, descriptor.thread_state_alignment) {
  ThreadAccess::SetId(thread, Tid{static_cast<std::int32_t>(number + 1)});
  ThreadAccess::SetState(thread, plugin_state.data());
}

Machine::Machine(const sched::Descriptor& descriptor, const Options& options)
    : descriptor_(descriptor),
      options_(options),
      shared_(descriptor.topology == sched::Topology::kShared),
      parameters_(options.parameters),
      cpus_(options.cpus) {
  if (parameters_.empty()) {
    for (const sched::ParameterSpec& spec : descriptor.parameters) parameters_.push_back(spec.default_value);
  }
  queues_.resize(shared_ ? 1 : options.cpus);
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    Queue& queue = queues_[i];
    queue.cpus = shared_ ? MachineCpus() : CpuSet::Of(CpuId{static_cast<std::uint32_t>(i)});
    queue.storage = std::make_unique<GuardedBytes>(descriptor.queue_bytes, descriptor.queue_alignment);
    queue.run_queue = descriptor.construct(
        queue.storage->data(),
        {.cpus = queue.cpus, .parameters = parameters_, .seed = options.seed, .time_slice = options.time_slice});
  }
  for (std::uint32_t cpu = 0; cpu < options.cpus; ++cpu) QueueOf(cpu).CpuOnline(CpuId{cpu}, now_);
  if (options.tick.value > 0) next_tick_ = now_ + options.tick;
}

// After a finding the queue may hold anything, so its destructor is not run, and its threads, whose hooks may
// still be linked, are kept for good.
Machine::~Machine() {
  if (!finding_) Drain();
  if (finding_) {
    static auto* const kept = new std::vector<std::unique_ptr<SimThread>>;
    for (auto& thread : threads_) kept->push_back(std::move(thread));
    return;
  }
  for (Queue& queue : queues_) queue.run_queue->~RunQueue();
}

ThreadId Machine::New(const sched::Parameters& parameters, CpuSet affinity) {
  return Create(parameters, affinity, nullptr);
}

ThreadId Machine::Fork(ThreadId parent) {
  const SimThread& from = *threads_[parent];
  return Create(from.own, from.thread.affinity(), &from);
}

ThreadId Machine::Create(const sched::Parameters& parameters, CpuSet affinity, const SimThread* parent) {
  threads_.push_back(std::make_unique<SimThread>(descriptor_, threads_.size()));
  SimThread& created = *threads_.back();
  created.own = parameters;
  ThreadAccess::SetParameters(created.thread, parameters);
  ThreadAccess::SetAffinity(created.thread, affinity);
  if (finding_) return created.number;
  sched::RunQueue& queue = *queues_[QueueIndex((affinity & MachineCpus()).First().value)].run_queue;
  queue.InitThread(created.thread, now_);
  if (parent != nullptr && parent->state != ThreadState::kDead) {
    queue.Forked(created.thread, parent->thread, now_);
  }
  if (queue.Accepts(created.thread) != queue.Accepts(created.thread)) {
    Report("impure", "Accepts answers differently for " + Name(created.number));
  }
  Place(created, EnqueueReason::kNew);
  AfterEvent();
  return created.number;
}

void Machine::Block(ThreadId id) {
  SimThread& thread = *threads_[id];
  if (finding_ || thread.state != ThreadState::kRunning) return;
  const std::uint32_t cpu = *CpuOf(thread);
  StopRunning(cpu, std::nullopt);
  thread.state = ThreadState::kBlocked;
  Schedule(cpu);
  AfterEvent();
}

void Machine::Wake(ThreadId id) {
  SimThread& thread = *threads_[id];
  if (finding_ || thread.state != ThreadState::kBlocked) return;
  Place(thread, EnqueueReason::kWoken);
  AfterEvent();
}

void Machine::Yield(ThreadId id, std::optional<ThreadId> to) {
  SimThread& thread = *threads_[id];
  if (finding_ || thread.state != ThreadState::kRunning) return;
  const std::uint32_t cpu = *CpuOf(thread);
  Charge(cpu);
  SimThread* target = to ? threads_[*to].get() : nullptr;
  const bool held = target != nullptr && target->state == ThreadState::kReady && target->queue == QueueIndex(cpu);
  QueueOf(cpu).Yield(thread.thread, held ? &target->thread : nullptr, now_);
  StopRunning(cpu, EnqueueReason::kYielded);
  Schedule(cpu);
  AfterEvent();
}

void Machine::Exit(ThreadId id) {
  SimThread& thread = *threads_[id];
  if (finding_ || thread.state == ThreadState::kDead) return;
  const std::optional<std::uint32_t> cpu = CpuOf(thread);
  const std::size_t queue = cpu ? QueueIndex(*cpu) : thread.queue;
  if (cpu) StopRunning(*cpu, std::nullopt);
  if (thread.state == ThreadState::kReady) Take(thread, DequeueReason::kExited);
  thread.state = ThreadState::kDead;
  queues_[queue].run_queue->ExitThread(thread.thread, now_);
  if (cpu) Schedule(*cpu);
  AfterEvent();
}

void Machine::SetAffinity(ThreadId id, CpuSet affinity) {
  SimThread& thread = *threads_[id];
  if (finding_ || thread.state == ThreadState::kDead || (affinity & MachineCpus()).Empty()) return;
  const std::optional<std::uint32_t> cpu = CpuOf(thread);
  if (thread.state == ThreadState::kReady) {
    const bool stays = !(queues_[thread.queue].cpus & affinity).Empty();
    const std::size_t queue = thread.queue;
    Take(thread, stays ? DequeueReason::kChanged : DequeueReason::kMigrated);
    ThreadAccess::SetAffinity(thread.thread, affinity);
    if (stays) {
      Put(thread, queue, EnqueueReason::kChanged);
      FillIdleCpus();
    } else {
      Place(thread, EnqueueReason::kMigrated);
    }
  } else {
    ThreadAccess::SetAffinity(thread.thread, affinity);
    if (cpu && !affinity.Contains(CpuId{*cpu})) {
      StopRunning(*cpu, std::nullopt);
      Place(thread, EnqueueReason::kMigrated);
      if (!cpus_[*cpu].current) Schedule(*cpu);
    }
  }
  AfterEvent();
}

void Machine::SetParameters(ThreadId id, const sched::Parameters& parameters) {
  SimThread& thread = *threads_[id];
  if (finding_ || thread.state == ThreadState::kDead) return;
  const bool ready = thread.state == ThreadState::kReady;
  const std::size_t queue = thread.state == ThreadState::kRunning ? QueueIndex(*CpuOf(thread)) : thread.queue;
  if (const auto cpu = CpuOf(thread)) Charge(*cpu);
  if (ready) Take(thread, DequeueReason::kChanged);
  const sched::Parameters old = thread.thread.parameters();
  thread.own = parameters;
  ThreadAccess::SetParameters(thread.thread, parameters);
  queues_[queue].run_queue->ParametersChanged(thread.thread, old, now_);
  if (ready) {
    Put(thread, queue, EnqueueReason::kChanged);
    KickFor(thread, queues_[queue].cpus.First().value);
  }
  AfterEvent();
}

void Machine::Inherit(ThreadId id, std::optional<ThreadId> donor) {
  SimThread& holder = *threads_[id];
  if (finding_ || holder.state == ThreadState::kDead) return;
  if (donor && threads_[*donor]->state == ThreadState::kDead) donor.reset();
  const bool ready = holder.state == ThreadState::kReady;
  const std::size_t queue = holder.state == ThreadState::kRunning ? QueueIndex(*CpuOf(holder)) : holder.queue;
  if (const auto cpu = CpuOf(holder)) Charge(*cpu);
  if (ready) Take(holder, DequeueReason::kChanged);
  sched::Parameters merged = holder.own;
  if (donor) merged.priority = std::max(merged.priority, threads_[*donor]->own.priority);
  ThreadAccess::SetParameters(holder.thread, merged);
  queues_[queue].run_queue->Inherit(holder.thread, donor ? &threads_[*donor]->thread : nullptr, now_);
  if (ready) {
    Put(holder, queue, EnqueueReason::kChanged);
    KickFor(holder, queues_[queue].cpus.First().value);
  }
  AfterEvent();
}

void Machine::PreemptFromAbove(std::uint32_t cpu) {
  if (finding_ || !cpus_[cpu].current) return;
  StopRunning(cpu, EnqueueReason::kPreempted);
  Schedule(cpu);
  AfterEvent();
}

void Machine::HandOver() {
  if (finding_) return;
  std::vector<SimThread*> ready;
  for (auto& thread : threads_) {
    if (thread->state == ThreadState::kDead) continue;
    const auto cpu = CpuOf(*thread);
    const std::size_t queue = cpu ? QueueIndex(*cpu) : thread->queue;
    if (cpu) Charge(*cpu);
    if (thread->state == ThreadState::kReady) {
      ready.push_back(thread.get());
      Take(*thread, DequeueReason::kHandedOver);
    }
    // Also for those that run or sleep: they begin anew in the plugin that takes over, without a pick.
    queues_[queue].run_queue->ExitThread(thread->thread, now_);
    std::memset(thread->plugin_state.data(), 0, descriptor_.thread_state_bytes);
    queues_[queue].run_queue->InitThread(thread->thread, now_);
  }
  for (SimThread* thread : ready) Put(*thread, thread->queue, EnqueueReason::kHandedOver);
  FillIdleCpus();
  AfterEvent();
}

void Machine::Drain() {
  for (auto& thread : threads_) {
    if (finding_) return;
    if (thread->state == ThreadState::kReady) {
      Take(*thread, DequeueReason::kHandedOver);
      thread->state = ThreadState::kBlocked;
    }
  }
  for (std::uint32_t cpu = 0; cpu < cpus_.size() && !finding_; ++cpu) {
    StopRunning(cpu, std::nullopt);
    if (const sched::Thread* left = QueueOf(cpu).PickNext(CpuId{cpu}, now_)) {
      Report(JudgePick(left, cpu), "the drained queue still gives a thread");
    }
  }
  for (auto& thread : threads_) {
    if (finding_ || thread->state == ThreadState::kDead) continue;
    queues_[thread->queue].run_queue->ExitThread(thread->thread, now_);
    thread->state = ThreadState::kDead;
  }
  CheckMemory();
}

void Machine::RunFor(Nanos duration) {
  const Nanos until = now_ + duration;
  while (!finding_) {
    now_ = NextEvent(until);
    CheckWaits();
    RunTimers();
    for (std::uint32_t cpu = 0; cpu < cpus_.size() && !finding_; ++cpu) {
      const bool due = cpus_[cpu].slice_end <= now_ || next_tick_ <= now_;
      if (due && cpus_[cpu].current) TickOn(cpu);
    }
    if (next_tick_ <= now_) next_tick_ += options_.tick;
    AfterEvent();
    if (now_ == until && NextEvent(until + Nanos{1}) > until) break;
  }
  for (std::uint32_t cpu = 0; cpu < cpus_.size() && !finding_; ++cpu) Charge(cpu);
}

Nanos Machine::NextEvent(Nanos until) const {
  Nanos next = std::min(until, next_tick_);
  for (const Cpu& cpu : cpus_) next = std::min(next, cpu.slice_end);
  for (const Queue& queue : queues_) next = std::min(next, queue.timer);
  return std::max(next, now_);
}

Nanos Machine::Runtime(ThreadId id) const {
  const SimThread& thread = *threads_[id];
  const auto cpu = CpuOf(thread);
  const Nanos running = cpu ? now_ - cpus_[*cpu].charged_until : Nanos{};
  return thread.thread.total_runtime() + running;
}

std::optional<std::uint32_t> Machine::CpuOf(const SimThread& thread) const {
  for (std::uint32_t cpu = 0; cpu < cpus_.size(); ++cpu) {
    if (cpus_[cpu].current == thread.number) return cpu;
  }
  return std::nullopt;
}

void Machine::Note(std::uint64_t decision) {
  ++decisions_;
  digest_ = (digest_ ^ decision) * 0x100000001b3;
}

// Whether a right hint is passed over this time: rule 10.
bool Machine::Passed(std::uint64_t one_in) { return one_in != 0 && decisions_ % one_in == 0; }

void Machine::Report(std::string_view verdict, std::string detail) {
  if (!finding_) finding_ = Finding{std::string(verdict), "at " + Text(now_) + ": " + std::move(detail)};
}

void Machine::CheckWaits() {
  for (const auto& thread : threads_) {
    if (thread->state != ThreadState::kReady) continue;
    const Nanos waited = now_ - thread->ready_since;
    thread->longest_wait = std::max(thread->longest_wait, waited);
    if (descriptor_.guarantees.starvation_bound == nullptr) continue;
    const Nanos bound = descriptor_.guarantees.starvation_bound(parameters_, options_.time_slice, thread->rivals);
    if (waited > bound) {
      Report(Verdict::kStarvation, Name(thread->number) + " has been ready for " + Text(waited) + " among " +
                                       std::to_string(thread->rivals) + "; the plugin's bound is " + Text(bound));
    }
  }
}

void Machine::CheckMemory() {
  for (const Queue& queue : queues_) {
    if (!queue.storage->Intact()) Report("overrun", "the plugin wrote outside its queue's memory");
  }
  for (const auto& thread : threads_) {
    if (!thread->plugin_state.Intact())
      Report("overrun", "the plugin wrote outside the state of " + Name(thread->number));
  }
}

void Machine::AfterEvent() {
  if (finding_) return;
  std::vector<std::uint32_t> load(queues_.size());
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    queues_[i].timer = queues_[i].run_queue->NextTimer(now_);
    load[i] = static_cast<std::uint32_t>(queues_[i].held);
  }
  for (std::uint32_t cpu = 0; cpu < cpus_.size(); ++cpu) load[QueueIndex(cpu)] += cpus_[cpu].current ? 1 : 0;
  for (const auto& thread : threads_) {
    if (thread->state == ThreadState::kReady) thread->rivals = std::max(thread->rivals, load[thread->queue]);
  }
  CheckMemory();
}

}  // namespace esc::conformance
