#include "tools/base/file.h"

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace esc::tools {
namespace {

TEST(File, ReadsBackWhatWasWritten) {
  absl::StatusOr<TempDirectory> directory = TempDirectory::Create("file_test");
  ASSERT_TRUE(directory.ok()) << directory.status();
  const std::string content("a\0b\n", 4);
  ASSERT_TRUE(WriteFileAtomically(directory->File("x"), content).ok());
  EXPECT_EQ(*ReadFile(directory->File("x")), content);
  ASSERT_TRUE(WriteFileAtomically(directory->File("x"), "shorter").ok());
  EXPECT_EQ(*ReadFile(directory->File("x")), "shorter");
}

TEST(File, ErrorsNameThePath) {
  const absl::StatusOr<std::string> missing = ReadFile("/nonexistent/file");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.status().message().find("/nonexistent/file"), std::string::npos) << missing.status();
  const absl::Status unwritable = WriteFileAtomically("/nonexistent/file", "x");
  EXPECT_NE(unwritable.message().find("/nonexistent/file"), std::string::npos) << unwritable;
  EXPECT_FALSE(ReadFile("/").ok());
}

TEST(File, AFailedWriteLeavesNothingBehind) {
  absl::StatusOr<TempDirectory> directory = TempDirectory::Create("file_test");
  ASSERT_TRUE(directory.ok()) << directory.status();
  // A directory in the way makes the last step, the rename, fail.
  ASSERT_TRUE(std::filesystem::create_directories(directory->File("x/y")));
  EXPECT_FALSE(WriteFileAtomically(directory->File("x"), "content").ok());
  int entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory->path())) ++entries;
  EXPECT_EQ(entries, 1);
}

TEST(File, ATemporaryDirectoryIsRemovedOnceWithItsContent) {
  std::string path;
  {
    absl::StatusOr<TempDirectory> first = TempDirectory::Create("file_test");
    ASSERT_TRUE(first.ok()) << first.status();
    path = first->path();
    ASSERT_TRUE(WriteFileAtomically(first->File("x"), "x").ok());
    const TempDirectory second = *std::move(first);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(File, RelativePathsAreTakenBelowTheDirectory) {
  EXPECT_EQ(AbsolutePath("a/b", "/d"), "/d/a/b");
  EXPECT_EQ(AbsolutePath("/a/b", "/d"), "/a/b");
  EXPECT_EQ(AbsolutePath("", "/d"), "");
}

}  // namespace
}  // namespace esc::tools
