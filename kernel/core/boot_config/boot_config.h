// The boot config as the kernel uses it: decoded, validated, in fixed storage.
//
// boot_config.proto is its source and documents each field. The kernel decodes the binary form with nanopb
// (decode.h); the host tool compiles the text form and runs the same decoder and validator, so a bad config
// fails the build with the message that the kernel would have printed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/base/cpu_set.h"
#include "kernel/base/units.h"
#include "kernel/core/sched_api/descriptor.h"

namespace esc::boot_config {

inline constexpr std::size_t kMaxPartitions = 8;
inline constexpr std::size_t kMaxLayers = 4;
inline constexpr std::size_t kMaxParameters = 16;
inline constexpr std::size_t kMaxWords = 32;         // arguments or environment entries of init
inline constexpr std::size_t kTextBytes = 4096;      // all strings together

// One layer of a partition's stack: a plugin and its parameters, in the order of descriptor->parameters.
struct Layer {
  const sched::Descriptor* plugin = nullptr;
  std::array<std::uint64_t, kMaxParameters> values{};
  std::span<const std::uint64_t> parameters() const { return {values.data(), plugin->parameters.size()}; }
};

struct Partition {
  std::string_view name;
  CpuSet cpus;  // as configured; CPUs that the machine lacks are passed over with a line each
  sched::Capability needs = sched::Capability::kNone;  // what its threads rely on: some layer has each
  std::array<Layer, kMaxLayers> layers{};  // the most urgent first
  std::size_t layer_count = 0;
};

// What to do when the scheduler named cannot be had (unknown, bad parameter, capability missing).
enum class OnBadScheduler : std::uint8_t {
  kRefuse,    // stop with the message
  kFallback,  // print the message and start the built-in first-in-first-out queue
};

struct Words {
  std::array<std::string_view, kMaxWords> items{};
  std::size_t count = 0;
  std::span<const std::string_view> view() const { return {items.data(), count}; }
};

struct BootConfig {
  std::array<Partition, kMaxPartitions> partitions{};
  std::size_t partition_count = 0;
  OnBadScheduler on_bad_scheduler = OnBadScheduler::kRefuse;
  Nanos time_slice = Nanos::Millis(10);  // for plugins that leave the slice to the config
  Nanos tick{};                          // 0: tickless, timers only when something is due
  std::uint32_t max_processes = 4096;
  std::uint64_t memory_limit_bytes = 0;  // use no more RAM than this; 0: all
  std::uint64_t seed = 1;                // for lotteries and simulated randomness
  std::string_view console = "ttyS0";
  std::uint32_t trace_categories = 0;    // bit set
  std::string_view init_path = "/init";
  Words init_arguments;                  // without argv[0]
  Words init_environment;                // "NAME=value"

  // Backing store of every string above; the config must not be copied or moved.
  std::array<char, kTextBytes> text{};
  std::size_t text_bytes = 0;

  BootConfig() = default;
  BootConfig(const BootConfig&) = delete;
  BootConfig& operator=(const BootConfig&) = delete;
};

}  // namespace esc::boot_config
