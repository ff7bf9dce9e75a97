// The parameter messages of the linked plugins, known from their descriptor sets: what the text form of a boot config
// spells out inside `parameters { [type.googleapis.com/...] { ... } }`.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "kernel/core/sched_api/descriptor.h"

namespace esc::tools {

class PluginMessages : public google::protobuf::TextFormat::Finder {
 public:
  // `descriptor_sets`: serialized FileDescriptorSets, one behind the other. They may repeat a file, but not with
  // another content.
  static absl::StatusOr<std::unique_ptr<PluginMessages>> Create(absl::string_view descriptor_sets);

  // nullptr when no plugin brings a message of this full name.
  const google::protobuf::Descriptor* Find(const std::string& full_name) const;

  // What the plugin says of its parameters is what its message has: the same names, numbers and types, none more.
  absl::Status CheckSpecs(const sched::Descriptor& plugin) const;

  const google::protobuf::Descriptor* FindAnyType(const google::protobuf::Message& message, const std::string& prefix,
                                                  const std::string& name) const override;

 private:
  PluginMessages() = default;
  absl::Status Build(const std::string& file);

  std::map<std::string, google::protobuf::FileDescriptorProto> files_;
  google::protobuf::DescriptorPool pool_;
};

}  // namespace esc::tools
