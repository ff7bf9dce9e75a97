// boot_config: checks, compiles and prints boot configs for one set of plugins.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernel/core/sched_api/descriptor.h"
#include "tools/base/command_line.h"
#include "tools/base/file.h"
#include "tools/boot_config/compiler.h"
#include "tools/boot_config/embedded.h"

ABSL_FLAG(std::string, output, "", "File to write; standard output when absent. Written whole or not at all.");
ABSL_FLAG(std::vector<std::string>, schedulers, {},
          "Take only these of the plugins that are linked in, as names with commas; all when absent.");

namespace esc::tools {
namespace {

constexpr char kUsage[] =
    "Checks and compiles boot configs of Escapement, with the kernel's own checks.\n\n"
    "  boot_config check FILE.textproto                  say what is wrong with it, or nothing\n"
    "  boot_config encode FILE.textproto --output=FILE   check it and write the binary form\n"
    "  boot_config decode FILE                           write a binary config as text\n"
    "  boot_config list-plugins                          names, capabilities and parameters";

constexpr int kBadConfig = 1;
constexpr int kBadUsage = 2;

int Usage(const std::string& trouble) {
  std::cerr << "boot_config: " << trouble << "\n\n" << kUsage << "\n";
  return kBadUsage;
}

int Fail(const absl::Status& status) {
  std::cerr << "boot_config: " << std::string(status.message()) << "\n";
  return kBadConfig;
}

absl::StatusOr<std::vector<const sched::Descriptor*>> ChosenPlugins() {
  const sched::PluginTable linked = sched::LinkedPlugins();
  const std::vector<std::string> names = absl::GetFlag(FLAGS_schedulers);
  if (names.empty()) return std::vector<const sched::Descriptor*>(linked.begin(), linked.end());
  std::vector<const sched::Descriptor*> chosen;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(linked.begin(), linked.end(), [&](const auto* plugin) { return plugin->name == name; });
    if (found == linked.end()) {
      const std::string all = absl::StrJoin(
          linked, ", ", [](std::string* out, const auto* plugin) { absl::StrAppend(out, std::string(plugin->name)); });
      return absl::InvalidArgumentError(absl::StrCat("--schedulers: no plugin \"", name, "\"; linked: ", all,
                                                     " (the plugin_name of a scheduler_plugin() is the name in its descriptor)"));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

// `bazel run` starts programs elsewhere, and says where the user is.
std::string FromCaller(const std::string& path) {
  const char* directory = std::getenv("BUILD_WORKING_DIRECTORY");
  return directory == nullptr ? path : AbsolutePath(path, directory);
}

int Write(const absl::StatusOr<std::string>& content) {
  if (!content.ok()) return Fail(content.status());
  const std::string output = absl::GetFlag(FLAGS_output);
  if (!output.empty()) {
    const absl::Status written = WriteFileAtomically(FromCaller(output), *content);
    return written.ok() ? 0 : Fail(written);
  }
  std::cout << *content << std::flush;
  return std::cout ? 0 : Fail(absl::InternalError("standard output cannot be written"));
}

int Run(const std::vector<std::string>& words) {
  const absl::StatusOr<std::vector<const sched::Descriptor*>> plugins = ChosenPlugins();
  if (!plugins.ok()) {
    static_cast<void>(Fail(plugins.status()));
    return kBadUsage;
  }
  const absl::string_view descriptor_sets(
      reinterpret_cast<const char*>(esc_descriptor_sets_begin),
      static_cast<std::size_t>(esc_descriptor_sets_end - esc_descriptor_sets_begin));
  const absl::StatusOr<BootConfigCompiler> compiler = BootConfigCompiler::Create(*plugins, descriptor_sets);
  if (!compiler.ok()) return Fail(compiler.status());

  if (words.empty()) return Usage("no command");
  const std::string& command = words[0];
  if (command == "list-plugins") {
    if (words.size() != 1) return Usage("list-plugins takes no file");
    return Write(compiler->ListPlugins());
  }
  if (command != "check" && command != "encode" && command != "decode") {
    return Usage(absl::StrCat("unknown command \"", command, "\""));
  }
  if (words.size() != 2) return Usage(absl::StrCat(command, " takes one file"));
  const std::string& file = words[1];
  const absl::StatusOr<std::string> input = ReadFile(FromCaller(file));
  if (!input.ok()) return Fail(input.status());
  if (command == "decode") return Write(compiler->Decode(*input, file));
  const absl::StatusOr<std::string> binary = compiler->Encode(*input, file);
  if (command == "encode") return Write(binary);
  return binary.ok() ? 0 : Fail(binary.status());
}

}  // namespace
}  // namespace esc::tools

int main(int argc, char** argv) {
  return esc::tools::Run(esc::tools::ParseCommandLine(esc::tools::kUsage, argc, argv, esc::tools::kBadUsage));
}
