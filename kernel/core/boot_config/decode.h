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
// fifo, mlfq, round_robin"), and `config` holds nothing to rely on, except that on_bad_scheduler == kFallback is
// honoured by the caller when kNotFound or kOutOfRange came from a scheduler field. A truncated or random input
// is kCorrupt or kTruncated.
Status Decode(std::span<const std::byte> binary, sched::PluginTable plugins, BootConfig& config, TextBuffer& message);

// Applies the kernel command line on top: `init=PATH`, `console=ttyS0`, `escapement.scheduler=NAME`,
// `escapement.NAME.PARAMETER=VALUE`, `escapement.time_slice_us=N`, ... and, after `--`, init's arguments (which
// replace the config's). Each word that the kernel does not know is reported once through `unknown` and passed
// over. A known word with a bad value is an error, as above.
Status ApplyCommandLine(std::string_view command_line, sched::PluginTable plugins, BootConfig& config,
                        FunctionRef<void(std::string_view word)> unknown, TextBuffer& message);

}  // namespace esc::boot_config
