// The checks that the decoder, the kernel command line and the host tool share, and their messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/base/cpu_set.h"
#include "kernel/base/format.h"
#include "kernel/base/status.h"
#include "kernel/core/boot_config/boot_config.h"

namespace esc::boot_config {

// A number of the config: its name in the proto and on the command line, and the values it may have. 0 stands for
// `otherwise`.
struct NumberField {
  std::string_view name;
  std::uint64_t minimum;
  std::uint64_t maximum;
  std::uint64_t otherwise;
};
inline constexpr NumberField kTimeSliceUs{"time_slice_us", 100, 10'000'000, 10'000};
inline constexpr NumberField kTickUs{"tick_us", 100, 1'000'000, 0};
inline constexpr NumberField kMaxProcesses{"max_processes", 16, 65'536, 4'096};
inline constexpr NumberField kMemoryBytes{"memory_bytes", 16u << 20, ~std::uint64_t{0}, 0};
inline constexpr NumberField kSeed{"seed", 1, ~std::uint64_t{0}, 1};

// All give kOk, or an error after they have written a line into `message`. `where` starts the line.

// The value to use for `value`, in `result`. kInvalidArgument.
Status CheckNumber(std::string_view where, const NumberField& field, std::uint64_t value, std::uint64_t& result,
                   TextBuffer& message);
Status CheckConsole(std::string_view where, std::string_view name, TextBuffer& message);
Status CheckInitPath(std::string_view where, std::string_view path, TextBuffer& message);
Status CheckEnvironment(std::string_view where, std::string_view entry, TextBuffer& message);
Status CheckPartitionName(std::string_view where, std::string_view name, TextBuffer& message);
// "0-3,6".
Status ParseCpus(std::string_view where, std::string_view text, CpuSet& cpus, TextBuffer& message);

// Puts the plugin of that name into the layer, with its defaults. kNotFound: not linked, or of another contract.
Status ChoosePlugin(std::string_view where, std::string_view name, sched::PluginTable plugins, Layer& layer,
                    TextBuffer& message);
// kOutOfRange. 0 stands for the default.
Status SetParameter(std::string_view where, Layer& layer, std::size_t index, std::uint64_t value, TextBuffer& message);
// Constraints across a layer's parameters. kOutOfRange.
Status CheckLayer(std::string_view where, const Layer& layer, TextBuffer& message);
// The stack has what the partition needs. kNotFound.
Status CheckNeeds(std::string_view where, const Partition& partition, TextBuffer& message);
// Between partitions: names, overlaps, CPU 0; gives those without CPUs the rest. kInvalidArgument.
Status CheckPartitions(BootConfig& config, TextBuffer& message);

// `text` in quotes, safe for a console: other than printable ASCII becomes '?', and what is long is cut.
void AppendQuoted(TextBuffer& out, std::string_view text);
// "levels, base_slice_us, ..."
void AppendParameterNames(TextBuffer& out, const sched::Descriptor& plugin);
// "preemption": as the proto names it, in small letters; empty for a bit that has no name.
std::string_view CapabilityName(unsigned bit);
inline constexpr unsigned kCapabilities = 10;

// Copies a string into the config's own store. kTooLarge when it is full.
Status StoreText(std::string_view where, std::string_view text, BootConfig& config, std::string_view& stored,
                 TextBuffer& message);
Status AddWord(std::string_view where, std::string_view text, BootConfig& config, Words& words, TextBuffer& message);

}  // namespace esc::boot_config
