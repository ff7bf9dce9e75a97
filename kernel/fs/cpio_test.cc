#include "kernel/fs/cpio.h"

#include <cstdio>
#include <string>

#include "gtest/gtest.h"

namespace esc::fs {
namespace {

std::string Pad(std::string text) {
  while (text.size() % 4 != 0) text += '\0';
  return text;
}

std::string Entry(const std::string& name, const std::string& contents, unsigned mode = 0100644) {
  char header[111];
  std::snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 7u, mode, 1u, 2u, 1u,
                1234u, static_cast<unsigned>(contents.size()), 0u, 0u, 5u, 1u, static_cast<unsigned>(name.size() + 1), 0u);
  return Pad(Pad(std::string(header) + name + '\0') + contents);
}
std::string Trailer() { return Entry("TRAILER!!!", "", 0); }

std::span<const std::byte> Bytes(const std::string& text) { return std::as_bytes(std::span(text.data(), text.size())); }

// Every name and content, or the error that ended the reading.
std::string ReadAll(const std::string& archive) {
  CpioReader reader(Bytes(archive));
  std::string all;
  while (true) {
    auto entry = reader.Next();
    if (!entry.ok()) return all + std::string(StatusName(entry.status()));
    all += std::string(entry->name) + "=" +
           std::string(reinterpret_cast<const char*>(entry->contents.data()), entry->contents.size()) + ";";
  }
}

TEST(Cpio, ReadsNamesContentsAndAttributes) {
  const std::string archive = Entry("a", "xyz", 0100755) + Trailer();
  CpioReader reader(Bytes(archive));
  const auto entry = reader.Next();
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->mode, 0100755u);
  EXPECT_EQ(entry->uid, 1u);
  EXPECT_EQ(entry->gid, 2u);
  EXPECT_EQ(entry->modified_seconds, 1234);
  EXPECT_EQ(entry->device_major, 5u);
  EXPECT_EQ(entry->device_minor, 1u);
  EXPECT_EQ(ReadAll(archive), "a=xyz;kNotFound");
}

TEST(Cpio, NamesAreRelativeToTheRoot) {
  EXPECT_EQ(ReadAll(Entry("./bin/sh", "") + Entry("/etc", "") + Entry(".", "") + Trailer()), "bin/sh=;etc=;=;kNotFound");
}

TEST(Cpio, ArchivesFollowEachOther) {
  EXPECT_EQ(ReadAll(Entry("a", "1") + Trailer() + std::string(300, '\0') + Entry("b", "2") + Trailer()), "a=1;b=2;kNotFound");
}

TEST(Cpio, OtherBytesAreNotSupported) {
  EXPECT_EQ(ReadAll("this is no archive at all"), "kNotSupported");
  EXPECT_EQ(ReadAll(""), "kNotSupported");
  EXPECT_EQ(ReadAll("\x1f\x8b\x08gzip"), "kNotSupported");
  EXPECT_EQ(ReadAll(Entry("a", "") + Trailer() + "junk"), "a=;kNotSupported");
}

TEST(Cpio, EveryTruncationIsTold) {
  const std::string archive = Entry("name", "contents") + Entry("b", "2") + Trailer();
  for (std::size_t bytes = 1; bytes + 4 < archive.size(); ++bytes) {
    const std::string result = ReadAll(archive.substr(0, bytes));
    EXPECT_TRUE(result.ends_with("kTruncated")) << bytes << ": " << result;
  }
}

TEST(Cpio, BrokenFieldsAreCorrupt) {
  std::string bad_number = Entry("a", "") + Trailer();
  bad_number[20] = 'x';
  EXPECT_EQ(ReadAll(bad_number), "kCorrupt");
  std::string unterminated = Entry("abc", "") + Trailer();
  unterminated[110 + 3] = 'd';
  EXPECT_EQ(ReadAll(unterminated), "kCorrupt");
  std::string bad_magic = Entry("a", "") + Entry("b", "") + Trailer();
  bad_magic[Entry("a", "").size() + 5] = '2';
  EXPECT_EQ(ReadAll(bad_magic), "a=;kCorrupt");
}

TEST(Cpio, AHugeLengthIsTruncatedNotWrapped) {
  std::string archive = Entry("a", "123") + Trailer();
  archive.replace(6 + 8 * 6, 8, "ffffffff");
  EXPECT_EQ(ReadAll(archive), "kTruncated");
}

}  // namespace
}  // namespace esc::fs
