#include "tools/base/subprocess.h"

#include <string>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace esc::tools {
namespace {

TEST(Subprocess, ReturnsWhatTheProgramWrote) {
  const absl::StatusOr<std::string> output = RunProgram({.argv = {"/bin/sh", "-c", "echo out; echo err >&2"}});
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*output, "out\nerr\n");
}

TEST(Subprocess, AFailureNamesTheProgramItsStatusAndItsOutput) {
  const absl::StatusOr<std::string> output = RunProgram({.argv = {"/bin/sh", "-c", "echo reason >&2; exit 3"}});
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.status().message(), "/bin/sh failed with exit status 3: reason");
}

TEST(Subprocess, AMissingProgramIsAnErrorThatNamesIt) {
  const absl::StatusOr<std::string> output = RunProgram({.argv = {"/nonexistent/program"}});
  ASSERT_FALSE(output.ok());
  EXPECT_NE(output.status().message().find("cannot run /nonexistent/program"), std::string::npos);
  EXPECT_FALSE(RunProgram({}).ok());
}

TEST(Subprocess, TheProgramSeesOnlyTheGivenEnvironmentAndDirectory) {
  const absl::StatusOr<std::string> output = RunProgram(
      {.argv = {"/bin/sh", "-c", "pwd; echo $ONLY-$HOME"}, .environment = {{"ONLY=this"}}, .directory = "/"});
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*output, "/\nthis-\n");
}

TEST(Subprocess, StandardInputIsEmptyUnlessGiven) {
  const absl::StatusOr<std::string> output = RunProgram({.argv = {"/bin/cat"}});
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*output, "");
}

TEST(Subprocess, ASignalIsReported) {
  const absl::StatusOr<std::string> output = RunProgram({.argv = {"/bin/sh", "-c", "kill -9 $$"}});
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.status().message(), "/bin/sh failed with signal 9: ");
}

}  // namespace
}  // namespace esc::tools
