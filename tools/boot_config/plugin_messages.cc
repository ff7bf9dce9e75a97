#include "tools/boot_config/plugin_messages.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

namespace esc::tools {
namespace {

namespace pb = google::protobuf;

// Abseil's string_view need not be the standard library's.
std::string Text(std::string_view text) { return std::string(text); }

class FirstError : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*, ErrorLocation,
                const std::string& message) override {
    if (text.empty()) text = absl::StrCat(file, ": ", element, ": ", message);
  }
  std::string text;
};

bool Holds(const pb::FieldDescriptor& field, const sched::ParameterSpec& spec) {
  if (field.is_repeated()) return false;
  switch (field.type()) {
    case pb::FieldDescriptor::TYPE_BOOL: return spec.maximum <= 1;
    case pb::FieldDescriptor::TYPE_UINT32: return spec.maximum <= std::numeric_limits<std::uint32_t>::max();
    case pb::FieldDescriptor::TYPE_UINT64: return true;
    default: return false;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<PluginMessages>> PluginMessages::Create(absl::string_view descriptor_sets) {
  auto messages = absl::WrapUnique(new PluginMessages);
  pb::FileDescriptorSet all;  // sets one behind the other are one set
  if (!all.ParseFromArray(descriptor_sets.data(), static_cast<int>(descriptor_sets.size()))) {
    return absl::InternalError("the descriptor sets of the plugins are damaged");
  }
  for (pb::FileDescriptorProto& file : *all.mutable_file()) {
    const auto [at, fresh] = messages->files_.emplace(file.name(), file);
    if (!fresh && at->second.SerializeAsString() != file.SerializeAsString()) {
      return absl::InvalidArgumentError(absl::StrCat("two plugins bring different files named ", file.name()));
    }
  }
  for (const auto& [name, file] : messages->files_) {
    if (absl::Status status = messages->Build(name); !status.ok()) return status;
  }
  return messages;
}

// The files that it imports first. protoc allows no cycles among them.
absl::Status PluginMessages::Build(const std::string& file) {
  if (pool_.FindFileByName(file) != nullptr) return absl::OkStatus();
  const auto found = files_.find(file);
  if (found == files_.end()) return absl::InvalidArgumentError(absl::StrCat("no plugin brings the file ", file));
  for (const std::string& import : found->second.dependency()) {
    if (absl::Status status = Build(import); !status.ok()) return status;
  }
  FirstError error;
  if (pool_.BuildFileCollectingErrors(found->second, &error) == nullptr) return absl::InvalidArgumentError(error.text);
  return absl::OkStatus();
}

const pb::Descriptor* PluginMessages::Find(const std::string& full_name) const {
  return pool_.FindMessageTypeByName(full_name);
}

const pb::Descriptor* PluginMessages::FindAnyType(const pb::Message&, const std::string& prefix,
                                                  const std::string& name) const {
  return prefix == "type.googleapis.com/" ? Find(name) : nullptr;
}

absl::Status PluginMessages::CheckSpecs(const sched::Descriptor& plugin) const {
  const std::string who = absl::StrCat("plugin \"", Text(plugin.name), "\": ");
  if (plugin.parameter_message.empty()) {
    if (plugin.parameters.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(who, "its descriptor has parameters, but no parameter message"));
  }
  const pb::Descriptor* message = Find(Text(plugin.parameter_message));
  if (message == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(who, "no proto defines ", Text(plugin.parameter_message),
                                                   "; is `proto` set in its scheduler_plugin()?"));
  }
  for (const sched::ParameterSpec& spec : plugin.parameters) {
    const pb::FieldDescriptor* field = message->FindFieldByNumber(static_cast<int>(spec.field));
    if (field == nullptr || field->name() != Text(spec.name)) {
      return absl::InvalidArgumentError(absl::StrCat(who, "its descriptor has ", Text(spec.name), " = ", spec.field,
                                                     "; ", message->full_name(), " has no such field"));
    }
    if (!Holds(*field, spec)) {
      return absl::InvalidArgumentError(absl::StrCat(who, Text(spec.name), " may be up to ", spec.maximum,
                                                     ", but its field is a ", field->is_repeated() ? "repeated " : "",
                                                     field->type_name(), "; uint32, uint64 or bool that can hold it"));
    }
  }
  for (int i = 0; i < message->field_count(); ++i) {
    const pb::FieldDescriptor& field = *message->field(i);
    const bool known = std::any_of(plugin.parameters.begin(), plugin.parameters.end(),
                                   [&](const auto& spec) { return static_cast<int>(spec.field) == field.number(); });
    if (!known) {
      return absl::InvalidArgumentError(absl::StrCat(who, message->full_name(), " has ", field.name(), " = ",
                                                     field.number(), "; its descriptor has no such parameter"));
    }
  }
  return absl::OkStatus();
}

}  // namespace esc::tools
