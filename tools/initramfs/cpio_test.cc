#include "tools/initramfs/cpio.h"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace esc::tools {
namespace {

constexpr size_t kHeaderSize = 110;

struct ReadEntry {
  std::string path;
  std::string content;
  std::vector<uint32_t> fields;  // In the order of the format: inode, mode, uid, gid, links, date, size, ...
};

// An independent reading of the format: the header is a magic and 13 fields of 8 hexadecimal digits.
std::vector<ReadEntry> ReadCpio(const std::string& archive) {
  std::vector<ReadEntry> entries;
  size_t at = 0;
  while (at + kHeaderSize <= archive.size() && archive.compare(at, 6, "070701") == 0) {
    ReadEntry entry;
    for (size_t i = 0; i < 13; ++i) {
      entry.fields.push_back(static_cast<uint32_t>(std::stoul(archive.substr(at + 6 + 8 * i, 8), nullptr, 16)));
    }
    entry.path = archive.substr(at + kHeaderSize, entry.fields[11] - 1);
    at = (at + kHeaderSize + entry.fields[11] + 3) / 4 * 4;
    entry.content = archive.substr(at, entry.fields[6]);
    at = (at + entry.fields[6] + 3) / 4 * 4;
    entries.push_back(entry);
    if (entry.path == "TRAILER!!!") break;
  }
  return entries;
}

TEST(Cpio, ReadsBackAsWritten) {
  const absl::StatusOr<std::string> archive =
      BuildCpio({{.path = "dir", .mode = S_IFDIR | 0755},
                 {.path = "dir/file", .mode = S_IFREG | 0640, .content = "12345"},
                 {.path = "empty", .mode = S_IFREG | 0644},
                 {.path = "tty", .mode = S_IFCHR | 0600, .content = {}, .device_major = 5, .device_minor = 1}});
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_EQ(archive->size() % 512, 0);
  const std::vector<ReadEntry> entries = ReadCpio(*archive);
  ASSERT_EQ(entries.size(), 5);
  EXPECT_EQ(entries[0].path, "dir");
  EXPECT_EQ(entries[0].fields, (std::vector<uint32_t>{1, S_IFDIR | 0755, 0, 0, 2, kCpioDate, 0, 0, 0, 0, 0, 4, 0}));
  EXPECT_EQ(entries[1].path, "dir/file");
  EXPECT_EQ(entries[1].content, "12345");
  EXPECT_EQ(entries[1].fields, (std::vector<uint32_t>{2, S_IFREG | 0640, 0, 0, 1, kCpioDate, 5, 0, 0, 0, 0, 9, 0}));
  EXPECT_EQ(entries[2].content, "");
  EXPECT_EQ(entries[3].fields, (std::vector<uint32_t>{4, S_IFCHR | 0600, 0, 0, 1, kCpioDate, 0, 0, 0, 5, 1, 4, 0}));
  EXPECT_EQ(entries[4].path, "TRAILER!!!");
}

TEST(Cpio, ArchivesCanBeConcatenated) {
  const std::string first = *BuildCpio({{.path = "a", .mode = S_IFREG | 0644, .content = "x"}});
  const std::string second = *BuildCpio({{.path = "b", .mode = S_IFREG | 0644, .content = "y"}});
  const std::vector<ReadEntry> entries = ReadCpio((first + second).substr(first.size()));
  ASSERT_EQ(entries.size(), 2);
  EXPECT_EQ(entries[0].path, "b");
}

TEST(Cpio, RefusesNamesThatTheFormatCannotHold) {
  EXPECT_FALSE(BuildCpio({{.path = "", .mode = S_IFREG}}).ok());
  EXPECT_FALSE(BuildCpio({{.path = "TRAILER!!!", .mode = S_IFREG}}).ok());
}

}  // namespace
}  // namespace esc::tools
