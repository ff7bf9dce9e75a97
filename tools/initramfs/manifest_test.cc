#include "tools/initramfs/manifest.h"

#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace esc::tools {
namespace {

absl::StatusOr<std::string> FakeFile(const std::string& path) {
  if (path == "missing") return absl::NotFoundError("cannot open missing");
  return absl::StrCat("content of ", path);
}

absl::StatusOr<std::vector<CpioEntry>> Parse(absl::string_view text) { return ParseManifest("m", text, FakeFile); }

std::string ErrorOf(absl::string_view text) {
  const absl::StatusOr<std::vector<CpioEntry>> entries = Parse(text);
  return entries.ok() ? "no error" : std::string(entries.status().message());
}

TEST(Manifest, ReadsEachKindOfEntry) {
  const absl::StatusOr<std::vector<CpioEntry>> entries = Parse(
      "# a comment\n\nfile /init 755 src\n  dir /tmp 1777\nsymlink /sh init\nnode /console 0600 c 5 1\nnode /disk 660 b 8 0\n");
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 5);
  const std::vector<CpioEntry>& e = *entries;
  EXPECT_EQ(e[0].path, "console");
  EXPECT_EQ(e[0].mode, S_IFCHR | 0600u);
  EXPECT_EQ(e[0].device_major, 5);
  EXPECT_EQ(e[0].device_minor, 1);
  EXPECT_EQ(e[1].mode, S_IFBLK | 0660u);
  EXPECT_EQ(e[2].path, "init");
  EXPECT_EQ(e[2].mode, S_IFREG | 0755u);
  EXPECT_EQ(e[2].content, "content of src");
  EXPECT_EQ(e[3].mode, S_IFLNK | 0777u);
  EXPECT_EQ(e[3].content, "init");
  EXPECT_EQ(e[4].mode, S_IFDIR | 01777u);
}

TEST(Manifest, TheOrderOfLinesDoesNotMatter) {
  const absl::StatusOr<std::vector<CpioEntry>> one = Parse("dir /a 755\nfile /a/b 644 x\nfile /c 644 y\n");
  const absl::StatusOr<std::vector<CpioEntry>> other = Parse("file /c 644 y\nfile /a/b 644 x\ndir /a 755\n");
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_EQ(*BuildCpio(*one), *BuildCpio(*other));
}

TEST(Manifest, DirectoriesOnTheWayAreAddedBeforeTheirContent) {
  const absl::StatusOr<std::vector<CpioEntry>> entries = Parse("file /usr/bin/a 755 x\ndir /usr 700\n");
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 3);
  EXPECT_EQ((*entries)[0].path, "usr");
  EXPECT_EQ((*entries)[0].mode, S_IFDIR | 0700u);
  EXPECT_EQ((*entries)[1].path, "usr/bin");
  EXPECT_EQ((*entries)[1].mode, S_IFDIR | 0755u);
  EXPECT_EQ((*entries)[2].path, "usr/bin/a");
}

TEST(Manifest, EscapesWriteSpaces) {
  const absl::StatusOr<std::vector<CpioEntry>> entries = Parse("file /a\\040b 644 c\\040d");
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ((*entries)[0].path, "a b");
  EXPECT_EQ((*entries)[0].content, "content of c d");
}

TEST(Manifest, ErrorsNameTheLineAndTheValue) {
  EXPECT_EQ(ErrorOf("\nfolder /a 755"), "m:2: 'folder': must be file, dir, symlink or node");
  EXPECT_EQ(ErrorOf("dir /a"), "m:1: 'dir' takes 2 fields, not 1");
  EXPECT_EQ(ErrorOf("dir /a 0855"), "m:1: mode '0855': not an octal number up to 7777");
  EXPECT_EQ(ErrorOf("dir /a 77777777777777777777"), "m:1: mode '77777777777777777777': not an octal number up to 7777");
  EXPECT_EQ(ErrorOf("file /a 644 missing"), "m:1: cannot open missing");
  EXPECT_EQ(ErrorOf("dir /a 755\ndir /a 755"), "m:2: /a is named twice");
  EXPECT_EQ(ErrorOf("node /a 600 x 1 1"), "m:1: node type 'x': must be b (block) or c (character)");
  EXPECT_EQ(ErrorOf("node /a 600 c 4096 1"), "m:1: device number '4096': not a number up to 4095");
  EXPECT_EQ(ErrorOf("dir /a\\9 755"), "m:1: '/a\\9': a backslash must be followed by three octal digits");
  EXPECT_EQ(ErrorOf("file /a 644 x\nfile /a/b 644 x"), "m: /a/b is below /a, which is not a directory");
}

TEST(Manifest, PathsMustBeAbsoluteAndPlain) {
  for (const char* path : {"a", "/", "/a/", "//a", "/a/../b", "/./a", "/a\\000b"}) {
    EXPECT_NE(ErrorOf(absl::StrCat("dir ", path, " 755")).find("m:1: path '"), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace esc::tools
