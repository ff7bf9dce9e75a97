#include "tools/boot_config/compiler.h"

#include <span>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "kernel/base/format.h"
#include "kernel/core/boot_config/boot_config.h"
#include "kernel/core/boot_config/boot_config.pb.h"
#include "kernel/core/boot_config/checksum.h"
#include "kernel/core/boot_config/decode.h"
#include "kernel/core/boot_config/validate.h"

namespace esc::tools {
namespace {

namespace pb = google::protobuf;

std::string Text(std::string_view text) { return std::string(text); }

std::span<const std::byte> AsBytes(const std::string& bytes) { return std::as_bytes(std::span(bytes)); }

class FirstError : public pb::io::ErrorCollector {
 public:
  // Lines and columns count from 0; a line of -1 stands for the input as a whole.
  void AddError(int line, pb::io::ColumnNumber column, const std::string& message) override {
    if (!text.empty()) return;
    text = line < 0 ? message : absl::StrCat(line + 1, ":", column + 1, ": ", message);
  }
  std::string text;
};

std::string RangeOf(const sched::ParameterSpec& spec) {
  std::string text = spec.maximum == ~std::uint64_t{0} ? absl::StrCat("at least ", spec.minimum)
                                                       : absl::StrCat(spec.minimum, " to ", spec.maximum);
  if (!spec.unit.empty()) absl::StrAppend(&text, " ", Text(spec.unit));
  if (spec.default_value != 0) return absl::StrCat(text, "; default ", spec.default_value);
  return absl::StrCat(text, "; absent or 0: see its proto");
}

}  // namespace

absl::StatusOr<BootConfigCompiler> BootConfigCompiler::Create(std::vector<const sched::Descriptor*> plugins,
                                                              absl::string_view descriptor_sets) {
  absl::StatusOr<std::unique_ptr<PluginMessages>> messages = PluginMessages::Create(descriptor_sets);
  if (!messages.ok()) return messages.status();
  for (const sched::Descriptor* plugin : plugins) {
    if (absl::Status status = (*messages)->CheckSpecs(*plugin); !status.ok()) return status;
  }
  return BootConfigCompiler(std::move(plugins), *std::move(messages));
}

// What could have stood there, when the trouble is the name of a message.
std::string BootConfigCompiler::KnownMessages(absl::string_view error) const {
  if (!absl::StrContains(error, "Could not find type")) return "";
  std::vector<std::string> names;
  for (const sched::Descriptor* plugin : plugins_) {
    if (!plugin->parameter_message.empty()) names.push_back(Text(plugin->parameter_message));
  }
  return absl::StrCat(" Known: ", names.empty() ? "none" : absl::StrJoin(names, ", "));
}

absl::Status BootConfigCompiler::CheckAsKernel(const std::string& binary, absl::string_view file) const {
  const auto config = std::make_unique<boot_config::BootConfig>();
  FixedText<512> message;
  if (Ok(boot_config::Decode(AsBytes(binary), plugins_, *config, message))) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", Text(message.view())));
}

absl::StatusOr<std::string> BootConfigCompiler::Encode(const std::string& text, absl::string_view file) const {
  escapement::boot::BootConfig config;
  FirstError error;
  pb::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetFinder(messages_.get());
  if (!parser.ParseFromString(text, &config)) {
    return absl::InvalidArgumentError(absl::StrCat(file, ":", error.text.empty() ? " not a text proto" : error.text, KnownMessages(error.text)));
  }
  if (config.checksum() != 0) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": checksum is set; leave it to this tool"));
  }
  std::string binary = config.SerializeAsString();
  const auto seal = boot_config::ChecksumField(AsBytes(binary));
  binary.append(reinterpret_cast<const char*>(seal.data()), seal.size());
  if (absl::Status status = CheckAsKernel(binary, file); !status.ok()) return status;
  return binary;
}

absl::StatusOr<std::string> BootConfigCompiler::Decode(const std::string& binary, absl::string_view file) const {
  if (absl::Status status = CheckAsKernel(binary, file); !status.ok()) return status;
  escapement::boot::BootConfig config;
  if (!config.ParseFromString(binary)) return absl::InvalidArgumentError(absl::StrCat(file, ": not a boot config"));
  config.clear_checksum();
  pb::TextFormat::Printer printer;
  printer.SetExpandAny(true);
  printer.SetFinder(messages_.get());
  std::string text;
  if (!printer.PrintToString(config, &text)) return absl::InternalError(absl::StrCat(file, ": cannot be printed"));
  return text;
}

std::string BootConfigCompiler::ListPlugins() const {
  std::string text;
  for (const sched::Descriptor* plugin : plugins_) {
    absl::StrAppendFormat(&text, "%-16s %s\n", Text(plugin->name), Text(plugin->summary));
    std::string capabilities;
    for (unsigned bit = 0; bit < boot_config::kCapabilities; ++bit) {
      if (Has(plugin->capabilities, static_cast<sched::Capability>(1u << bit))) {
        absl::StrAppend(&capabilities, " ", Text(boot_config::CapabilityName(bit)));
      }
    }
    absl::StrAppend(&text, "  capabilities:", capabilities.empty() ? " none" : capabilities, "\n");
    if (!plugin->parameters.empty()) absl::StrAppend(&text, "  parameters: ", Text(plugin->parameter_message), "\n");
    for (const sched::ParameterSpec& spec : plugin->parameters) {
      absl::StrAppendFormat(&text, "    %-16s %s\n", Text(spec.name), RangeOf(spec));
    }
  }
  return text;
}

}  // namespace esc::tools
