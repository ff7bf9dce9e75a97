#include "tools/boot_config/compiler.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "kernel/core/boot_config/boot_config.pb.h"
#include "kernel/core/boot_config/test_plugins.h"
#include "kernel/core/sched_api/descriptor.h"

namespace esc::tools {
namespace {

namespace test = boot_config::test;

// The message that test::kTurns names, as its proto would describe it.
std::string TurnsProto(const std::string& fields = R"(
    field { name: "slice_us" number: 1 type: TYPE_UINT32 label: LABEL_OPTIONAL }
    field { name: "levels" number: 2 type: TYPE_UINT32 label: LABEL_OPTIONAL }
    field { name: "budget" number: 7 type: TYPE_UINT64 label: LABEL_OPTIONAL })") {
  google::protobuf::FileDescriptorSet set;
  const std::string text = R"(file { name: "turns.proto" package: "test" syntax: "proto3"
                                     message_type { name: "TurnParameters" )" +
                           fields + " } }";
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &set));
  return set.SerializeAsString();
}

std::vector<const sched::Descriptor*> Plugins() { return {&test::kTurns, &test::kPlain}; }

std::string Config(const std::string& layer) { return "version: 1\npartitions { name: 'main'\n" + layer + "\n}\n"; }

std::string CreateError(std::vector<const sched::Descriptor*> plugins, const std::string& protos) {
  const auto compiler = BootConfigCompiler::Create(std::move(plugins), protos);
  return compiler.ok() ? "" : std::string(compiler.status().message());
}

std::string EncodeError(const std::string& text) {
  const auto compiler = BootConfigCompiler::Create(Plugins(), TurnsProto());
  EXPECT_TRUE(compiler.ok()) << compiler.status();
  const auto binary = compiler->Encode(text, "a.textproto");
  return binary.ok() ? "" : std::string(binary.status().message());
}

TEST(BootConfigCompiler, WhatItEncodesItDecodes) {
  const auto compiler = BootConfigCompiler::Create(Plugins(), TurnsProto());
  ASSERT_TRUE(compiler.ok()) << compiler.status();
  const auto binary = compiler->Encode(
      Config("layers { plugin: 'turns' parameters { [type.googleapis.com/test.TurnParameters] { levels: 5 } } }"), "a");
  ASSERT_TRUE(binary.ok()) << binary.status();
  const auto text = compiler->Decode(*binary, "a");
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_NE(text->find("[type.googleapis.com/test.TurnParameters]"), std::string::npos) << *text;
  EXPECT_NE(text->find("levels: 5"), std::string::npos);
  EXPECT_EQ(text->find("checksum"), std::string::npos);
  EXPECT_EQ(*compiler->Encode(*text, "b"), *binary);
}

TEST(BootConfigCompiler, ErrorsOfTheTextHaveLineAndColumn) {
  EXPECT_EQ(EncodeError("version: 1\npartitons { }"),
            "a.textproto:2:11: Message type \"escapement.boot.BootConfig\" has no field named \"partitons\".");
  EXPECT_NE(EncodeError("version: one").find("a.textproto:1:10: "), std::string::npos);
}

TEST(BootConfigCompiler, ErrorsOfTheContentAreTheKernels) {
  EXPECT_EQ(EncodeError(Config("layers { plugin: 'trens' }")),
            "a.textproto: scheduler partition \"main\": unknown plugin \"trens\"; linked: turns, plain");
  EXPECT_EQ(EncodeError(Config(
                "layers { plugin: 'turns' parameters { [type.googleapis.com/test.TurnParameters] { levels: 9 } } }")),
            "a.textproto: scheduler partition \"main\": plugin \"turns\": levels is 9; 2 to 8 levels");
}

// A scheduler error that the kernel may pass over at boot is an error here all the same.
TEST(BootConfigCompiler, FallbackIsNoExcuseAtBuildTime) {
  EXPECT_NE(EncodeError("on_bad_scheduler: FALLBACK " + Config("layers { plugin: 'trens' }")), "");
}

TEST(BootConfigCompiler, TheChecksumIsNotTheUsersToSet) {
  EXPECT_EQ(EncodeError("checksum: 5 " + Config("layers { plugin: 'plain' }")),
            "a.textproto: checksum is set; leave it to this tool");
}

TEST(BootConfigCompiler, ParametersOfAPluginThatIsNotLinkedAreUnknown) {
  EXPECT_NE(EncodeError(Config("layers { plugin: 'plain' parameters { [type.googleapis.com/test.Nobody] { } } }"))
                .find("test.Nobody"),
            std::string::npos);
}

TEST(BootConfigCompiler, DescriptorAndProtoMustAgree) {
  EXPECT_EQ(CreateError(Plugins(), ""),
            "plugin \"turns\": no proto defines test.TurnParameters; is `proto` set in its scheduler_plugin()?");
  EXPECT_EQ(CreateError(Plugins(),
                        TurnsProto("field { name: 'slice_us' number: 1 type: TYPE_UINT32 label: LABEL_OPTIONAL }")),
            "plugin \"turns\": its descriptor has levels = 2; test.TurnParameters has no such field");
  EXPECT_EQ(CreateError(Plugins(), TurnsProto(R"(
              field { name: "slice" number: 1 type: TYPE_UINT32 label: LABEL_OPTIONAL })")),
            "plugin \"turns\": its descriptor has slice_us = 1; test.TurnParameters has no such field");
  EXPECT_EQ(
      CreateError(Plugins(), TurnsProto(R"(
              field { name: "slice_us" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL })")),
      "plugin \"turns\": slice_us may be up to 1000000, but its field is a string; uint32, uint64 or bool that can "
      "hold it");
  EXPECT_EQ(CreateError(Plugins(), TurnsProto(R"(
              field { name: "slice_us" number: 1 type: TYPE_UINT32 label: LABEL_OPTIONAL }
              field { name: "levels" number: 2 type: TYPE_UINT32 label: LABEL_OPTIONAL }
              field { name: "budget" number: 7 type: TYPE_UINT64 label: LABEL_OPTIONAL }
              field { name: "extra" number: 9 type: TYPE_UINT32 label: LABEL_OPTIONAL })")),
            "plugin \"turns\": test.TurnParameters has extra = 9; its descriptor has no such parameter");
}

TEST(BootConfigCompiler, TheSameFileMayComeTwiceButNotInTwoVersions) {
  EXPECT_EQ(CreateError(Plugins(), TurnsProto() + TurnsProto()), "");
  EXPECT_EQ(CreateError(Plugins(), TurnsProto() + TurnsProto("")),
            "two plugins bring different files named turns.proto");
}

TEST(BootConfigCompiler, ListsThePluginsWithTheirRanges) {
  const auto compiler = BootConfigCompiler::Create(Plugins(), TurnsProto());
  ASSERT_TRUE(compiler.ok());
  EXPECT_EQ(compiler->ListPlugins(),
            "turns            takes parameters\n"
            "  capabilities: preemption stealing\n"
            "  parameters: test.TurnParameters\n"
            "    slice_us         100 to 1000000 us; default 4000\n"
            "    levels           2 to 8 levels; default 3\n"
            "    budget           at least 0; absent or 0: see its proto\n"
            "plain            takes none\n"
            "  capabilities: none\n");
}

}  // namespace
}  // namespace esc::tools
