// Bytes to BootConfig, with every check. The same code runs in the host tool and at boot.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "kernel/base/format.h"
#include "kernel/base/function_ref.h"
#include "kernel/base/status.h"
#include "kernel/core/boot_config/boot_config.h"

namespace esc::boot_config {

// Decodes and validates the binary form against the plugins at hand. On an error `message` holds one line that
// names the field, the value and the valid ones ("scheduler partition \"main\": unknown plugin \"mlqf\"; linked:
// fifo, mlfq, round_robin"), and `config` holds nothing to rely on, with one exception. kNotFound and kOutOfRange
// come from scheduler fields only, and then all the rest of `config` is right and partition_count is 0: the caller
// honours on_bad_scheduler == kFallback. A truncated or random input is kCorrupt or kTruncated.
Status Decode(std::span<const std::byte> binary, sched::PluginTable plugins, BootConfig& config, TextBuffer& message);

// Applies the kernel command line on top: `init=PATH`, `console=ttyS0`, `escapement.scheduler=NAME`,
// `escapement.NAME.PARAMETER=VALUE`, `escapement.time_slice_us=N`, ... and, after `--`, init's arguments (which
// replace the config's). Each word that the kernel does not know is reported once through `unknown` and passed
// over. A known word with a bad value is an error, with the exception above: every other word has its effect then.
// Of a repeated word the last one counts. Double quotes keep blanks in a word. `escapement.scheduler` puts the one
// plugin, with the parameters that the config has for it, in place of each partition's stack, and makes one
// partition of all CPUs when there is none.
Status ApplyCommandLine(std::string_view command_line, sched::PluginTable plugins, BootConfig& config,
                        FunctionRef<void(std::string_view word)> unknown, TextBuffer& message);

// What a boot does: decodes, applies the command line, and then honours on_bad_scheduler. kOk with a message: a
// scheduler could not be had, partition_count is 0, and the built-in queue is to run. A good `escapement.scheduler`
// on the command line stands in for a bad one in the binary.
Status Load(std::span<const std::byte> binary, std::string_view command_line, sched::PluginTable plugins,
            BootConfig& config, FunctionRef<void(std::string_view word)> unknown, TextBuffer& message);

}  // namespace esc::boot_config
