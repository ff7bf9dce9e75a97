// What a plugin says of itself. One constant a plugin; kernel_image(schedulers = [...]) puts the addresses
// into a generated table: explicit registration, no static constructors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/core/sched_api/run_queue.h"

namespace esc::sched {

// Raised when a change breaks plugins; core refuses others with a message that names both.
inline constexpr std::uint32_t kContractVersion = 1;

enum class Topology : std::uint8_t {
  kPerCpu,  // a queue for each CPU
  kShared,  // one queue for all CPUs of a partition
};

// Features of sched::Parameters and of the contract that the plugin acts on. A boot config that needs one the
// plugin lacks is refused.
enum class Capability : std::uint32_t {
  kNone = 0,
  kPriorities = 1u << 0,
  kWeights = 1u << 1,
  kNice = 1u << 2,
  kTickets = 1u << 3,
  kDeadlines = 1u << 4,
  kBudgets = 1u << 5,
  kAdmission = 1u << 6,
  kPreemption = 1u << 7,  // bounds how long a thread runs while others wait
  kInheritance = 1u << 8,
  kStealing = 1u << 9,
};
constexpr Capability operator|(Capability a, Capability b) {
  return static_cast<Capability>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr bool Has(Capability set, Capability wanted) {
  return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(wanted)) == static_cast<std::uint32_t>(wanted);
}

// One scalar field of the plugin's parameter message (proto3 uint32, uint64 or bool; uint64 if the maximum needs
// it). The boot config is checked against it by the same code at build time and at boot, so the message is the same.
struct ParameterSpec {
  std::string_view name;      // the field's name in the .proto
  std::uint32_t field = 0;    // its number
  std::uint64_t default_value = 0;  // when the field is absent or 0; need not lie in the range
  std::uint64_t minimum = 0;
  std::uint64_t maximum = ~std::uint64_t{0};
  std::string_view unit{};     // "us", "levels", ""
};

// Of Enqueue, Dequeue and PickNext in the number of threads that the queue holds. The hints may be linear.
enum class Complexity : std::uint8_t { kConstant, kLogarithmic, kLinear };

// Bounds that the conformance kit holds the plugin to. A bound that the plugin does not give is Nanos::Max() or
// nullptr.
struct Guarantees {
  Complexity complexity = Complexity::kConstant;
  // Longest that a ready thread waits while `threads` equals are ready; the watchdog's limit too.
  Nanos (*starvation_bound)(std::span<const std::uint64_t> parameters, Nanos slice, std::uint32_t threads) = nullptr;
  // Largest difference in CPU time between two equal threads that were ready all the time.
  Nanos (*fairness_error)(std::span<const std::uint64_t> parameters, Nanos slice, std::uint32_t threads) = nullptr;
};

struct Descriptor {
  std::string_view name;     // as the boot config names it: [a-z][a-z0-9_]*
  std::uint32_t contract_version = kContractVersion;
  std::string_view summary{};  // one line for list-plugins
  Topology topology = Topology::kPerCpu;
  Capability capabilities = Capability::kNone;
  std::size_t queue_bytes = 0;
  std::size_t queue_alignment = 0;
  std::size_t thread_state_bytes = 0;
  std::size_t thread_state_alignment = 1;
  std::string_view parameter_message{};  // full name of the proto message, "" when it takes none
  std::span<const ParameterSpec> parameters{};
  Guarantees guarantees{};
  // Constraints across fields; returns kOk, or an error after naming the trouble in `message`. May be nullptr.
  Status (*check_parameters)(std::span<const std::uint64_t> parameters, TextBuffer& message) = nullptr;
  // Builds the queue in `storage` (queue_bytes at queue_alignment). Must not fail: what can fail is checked before.
  RunQueue* (*construct)(void* storage, const QueueConfig& config) = nullptr;
  // Whether NextTimer is to be asked, at each switch. DescribeQueue knows: not when it is the default.
  bool has_timers = true;
};

namespace descriptor_internal {
// A NextTimer that cannot be named from here (a private one) is one of the queue's own.
template <class Queue>
constexpr bool HasTimers() {
  if constexpr (requires { &Queue::NextTimer; }) {
    return !std::is_same_v<decltype(&Queue::NextTimer), decltype(&RunQueue::NextTimer)>;
  } else {
    return true;
  }
}
}  // namespace descriptor_internal

// Fills in sizes and the constructor of `Queue`, whose constructor takes `const QueueConfig&`, and of its
// per-thread `State`.
template <class Queue, class State>
constexpr Descriptor DescribeQueue(Descriptor descriptor) {
  descriptor.queue_bytes = sizeof(Queue);
  descriptor.queue_alignment = alignof(Queue);
  descriptor.thread_state_bytes = sizeof(State);
  descriptor.thread_state_alignment = alignof(State);
  descriptor.has_timers = descriptor_internal::HasTimers<Queue>();
  descriptor.construct = [](void* storage, const QueueConfig& config) -> RunQueue* { return new (storage) Queue(config); };
  return descriptor;
}

// The plugins of an image, in the order of kernel_image(schedulers = [...]). Defined by the generated table.
using PluginTable = std::span<const Descriptor* const>;
PluginTable LinkedPlugins();

}  // namespace esc::sched
