#include <string>

#include <gtest/gtest.h>

#include "kernel/linux_abi/image.h"

namespace esc::linux_abi {
namespace {

void ExpectLine(const std::string& text, std::string_view interpreter, std::string_view argument) {
  const Result<ScriptLine> line = ParseScriptLine(text);
  ASSERT_TRUE(line.ok()) << text;
  EXPECT_EQ(line->interpreter, interpreter);
  EXPECT_EQ(line->argument, argument);
}

TEST(ScriptLine, InterpreterAndOneArgument) {
  ExpectLine("#!/bin/sh\necho", "/bin/sh", "");
  ExpectLine("#! /bin/sh -e\n", "/bin/sh", "-e");
  ExpectLine("#!\t/bin/sh \t -e -x \t\n", "/bin/sh", "-e -x");
  ExpectLine("#!/bin/sh", "/bin/sh", "");
  ExpectLine("#!/bin/sh  \n", "/bin/sh", "");
  ExpectLine(std::string("#!/bin/sh\0-x\n", 13), "/bin/sh", "");
}

TEST(ScriptLine, RefusesOthers) {
  for (const std::string text : {"", "#", "#!", "#!\n", "#!  \n/bin/sh", "\177ELF", "echo"}) {
    EXPECT_EQ(ParseScriptLine(text).status(), Status::kNotExecutable) << text;
  }
}

TEST(ScriptLine, RefusesANameThatTheBufferCuts) {
  const std::string name(kScriptLineBytes - 2, 'x');
  EXPECT_EQ(ParseScriptLine("#!" + name).status(), Status::kNotExecutable);
  // A cut argument is taken as far as it goes, as Linux does since 4.20 only where it ends in the buffer.
  ExpectLine("#!/bin/sh " + name.substr(0, 200) + "\n", "/bin/sh", name.substr(0, 200));
}

}  // namespace
}  // namespace esc::linux_abi
