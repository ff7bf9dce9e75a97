// The text form of a boot config to the binary one and back, with the kernel's own decoder as the judge.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kernel/core/sched_api/descriptor.h"
#include "tools/boot_config/plugin_messages.h"

namespace esc::tools {

class BootConfigCompiler {
 public:
  // `plugins` must outlive the compiler. Fails when a plugin's parameters do not fit its message.
  static absl::StatusOr<BootConfigCompiler> Create(std::vector<const sched::Descriptor*> plugins,
                                                   absl::string_view descriptor_sets);

  // What the kernel reads, checked by what the kernel checks it with. Errors begin with `file`, and with the line and
  // the column when the text itself is wrong.
  absl::StatusOr<std::string> Encode(const std::string& text, absl::string_view file) const;
  absl::StatusOr<std::string> Decode(const std::string& binary, absl::string_view file) const;

  // Names, capabilities and parameters with their ranges, for people.
  std::string ListPlugins() const;

 private:
  BootConfigCompiler(std::vector<const sched::Descriptor*> plugins, std::unique_ptr<PluginMessages> messages)
      : plugins_(std::move(plugins)), messages_(std::move(messages)) {}

  std::string KnownMessages(absl::string_view error) const;
  absl::Status CheckAsKernel(const std::string& binary, absl::string_view file) const;

  std::vector<const sched::Descriptor*> plugins_;
  std::unique_ptr<PluginMessages> messages_;
};

}  // namespace esc::tools
