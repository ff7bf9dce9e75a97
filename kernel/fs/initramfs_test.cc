#include <cstdio>
#include <string>

#include "gtest/gtest.h"
#include "kernel/fs/file_system.h"
#include "kernel/fs/test_kernel.h"

namespace esc::fs {
namespace {

std::string Pad(std::string text) {
  while (text.size() % 4 != 0) text += '\0';
  return text;
}

struct TestEntry {
  std::string name;
  std::string contents;
  unsigned mode = 0100644;
  unsigned inode = 0;
  unsigned links = 1;
};

std::string Archive(const std::vector<TestEntry>& entries) {
  std::string archive;
  const auto add = [&](const TestEntry& e) {
    char header[111];
    std::snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", e.inode, e.mode, 0u, 0u,
                  e.links, 0u, static_cast<unsigned>(e.contents.size()), 0u, 0u, 0u, 0u, static_cast<unsigned>(e.name.size() + 1), 0u);
    archive += Pad(Pad(std::string(header) + e.name + '\0') + e.contents);
  };
  for (const TestEntry& entry : entries) add(entry);
  add({"TRAILER!!!", "", 0});
  return archive;
}

// What the unpacked tree says of `paths`, or the message of a refusal.
std::string Unpack(const std::string& archive, const std::vector<std::string>& paths) {
  TestKernel kernel;
  std::string result;
  kernel.Expect([&] {
    const auto root = MakeRoot();
    FixedText<256> message;
    const auto bytes = std::as_bytes(std::span(archive.data(), archive.size()));
    if (!Ok(UnpackInitramfs(bytes, *root, message))) {
      result = std::string(message.view());
      return;
    }
    const auto tree = *mm::MakeRef<Paths>(*root, *root);
    for (const std::string& path : paths) {
      const auto file = Open(*tree, nullptr, path, {.mode = {.readable = true}});
      result += path + "=" + (file.ok() ? ReadText(**file) : std::string(StatusName(file.status()))) + ";";
    }
  });
  return result;
}

TEST(Initramfs, FilesDirectoriesAndLinksAppear) {
  EXPECT_EQ(Unpack(Archive({{"etc", "", 0040755}, {"etc/name", "value"}, {"link", "etc/name", 0120777}, {"deep/er/file", "made"}}),
                   {"/etc/name", "/link", "/deep/er/file"}),
            "/etc/name=value;/link=value;/deep/er/file=made;");
}

TEST(Initramfs, LaterEntriesReplaceEarlierOnes) {
  EXPECT_EQ(Unpack(Archive({{"f", "first"}}) + Archive({{"f", "second"}}), {"/f"}), "/f=second;");
}

TEST(Initramfs, HardLinksShareTheirContents) {
  EXPECT_EQ(Unpack(Archive({{"a", "", 0100755, 9, 2}, {"b", "both", 0100755, 9, 2}}), {"/a", "/b"}), "/a=both;/b=both;");
}

TEST(Initramfs, DevicesOfTheTreeStayWhenTheArchiveHasTheirDirectory) {
  EXPECT_EQ(Unpack(Archive({{"dev", "", 0040755}}), {"/dev/null"}), "/dev/null=;");
}

TEST(Initramfs, RefusalsNameTheThing) {
  const std::string good = Archive({{"name", "contents"}});
  EXPECT_EQ(Unpack("not an archive", {}),
            "initramfs of 14 bytes: at byte 0: not a cpio archive in newc format (compressed archives are not supported)");
  EXPECT_EQ(Unpack(good.substr(0, 120), {}), "initramfs of 120 bytes: at byte 0: the archive is truncated");
  EXPECT_EQ(Unpack(Archive({{"f", ""}, {"f/g", ""}}), {}).substr(24), "entry \"f/g\": a part of its path is no directory");
  EXPECT_EQ(Unpack(Archive({{"d", "", 0040755}, {"d", "file"}}), {}).substr(24), "entry \"d\": a directory of that name exists already");
  EXPECT_EQ(Unpack(Archive({{"../up", "x"}}), {}).substr(24), "entry \"../up\": the entry is corrupt");
}

TEST(Initramfs, OneFileIsFoundWithoutUnpacking) {
  const std::string archive = Archive({{"a", "1"}, {".escapement/boot_config.binpb", "config"}});
  const auto bytes = std::as_bytes(std::span(archive.data(), archive.size()));
  const auto found = FindInArchive(bytes, ".escapement/boot_config.binpb");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(found->data()), found->size()), "config");
  EXPECT_EQ(FindInArchive(bytes, "b").status(), Status::kNotFound);
}

}  // namespace
}  // namespace esc::fs
