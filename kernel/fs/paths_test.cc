#include "kernel/fs/paths.h"

#include <string>

#include "gtest/gtest.h"
#include "kernel/fs/file_system.h"
#include "kernel/fs/memory_tree.h"
#include "kernel/fs/test_kernel.h"

namespace esc::fs {
namespace {

constexpr core::OpenMode kRead{.readable = true};
constexpr core::OpenMode kReadWrite{.readable = true, .writable = true};

// A tree with a root of its own; every test starts with an empty one.
class PathsTest : public ::testing::Test {
 protected:
  void InTree(std::function<void()> body) {
    kernel_.Expect([&] {
      const auto root = MakeRoot();
      ASSERT_TRUE(root.ok());
      paths_ = *mm::MakeRef<Paths>(*root, *root);
      body();
      paths_.Reset();
    });
  }
  Status Create(std::string_view path, std::string contents = "") {
    const auto file = Open(*paths_, nullptr, path, {.mode = kReadWrite, .create = true, .exclusive = true});
    if (!file.ok()) return file.status();
    return WriteText(**file, contents).status();
  }
  std::string Contents(std::string_view path) {
    const auto file = Open(*paths_, nullptr, path, {.mode = kRead});
    return file.ok() ? ReadText(**file) : "error " + std::string(StatusName(file.status()));
  }
  Status Mkdir(std::string_view path) { return MakeDirectory(*paths_, nullptr, path, 0777); }
  Status StatusOf(std::string_view path) { return Resolve(*paths_, nullptr, path, FollowLast::kYes).status(); }
  std::uint32_t Links(std::string_view path) {
    return (*Resolve(*paths_, nullptr, path, FollowLast::kNo))->GetAttributes().links;
  }
  std::string Where(std::string_view path) {
    char buffer[256];
    const auto node = Resolve(*paths_, nullptr, path, FollowLast::kYes);
    const auto bytes = PathOf(*paths_, **node, buffer);
    return bytes.ok() ? std::string(buffer, *bytes) : std::string(StatusName(bytes.status()));
  }

  TestKernel kernel_;
  mm::RefPtr<Paths> paths_;
};

TEST_F(PathsTest, AFileKeepsWhatWasWritten) {
  InTree([&] {
    EXPECT_EQ(Create("/a", "hello"), Status::kOk);
    EXPECT_EQ(Contents("/a"), "hello");
    EXPECT_EQ(Contents("a"), "hello");
    EXPECT_EQ(Create("/a"), Status::kAlreadyExists);
  });
}

TEST_F(PathsTest, DotsSlashesAndMissingPartsResolveAsPosixSays) {
  InTree([&] {
    EXPECT_EQ(Mkdir("/d"), Status::kOk);
    EXPECT_EQ(Create("/d/f"), Status::kOk);
    EXPECT_EQ(StatusOf("/d/../d//./f"), Status::kOk);
    EXPECT_EQ(StatusOf("/../../d/f"), Status::kOk);
    EXPECT_EQ(StatusOf("/d/f/"), Status::kNotDirectory);
    EXPECT_EQ(StatusOf("/d/f/g"), Status::kNotDirectory);
    EXPECT_EQ(StatusOf("/nothing/f"), Status::kNotFound);
    EXPECT_EQ(StatusOf(""), Status::kNotFound);
    EXPECT_EQ(StatusOf("/" + std::string(256, 'x')), Status::kNameTooLong);
    EXPECT_EQ(StatusOf("/" + std::string(5000, 'x')), Status::kNameTooLong);
  });
}

TEST_F(PathsTest, SymbolicLinksAreFollowedUpToForty) {
  InTree([&] {
    EXPECT_EQ(Mkdir("/d"), Status::kOk);
    EXPECT_EQ(Create("/d/f", "target"), Status::kOk);
    EXPECT_EQ(MakeSymbolicLink(*paths_, "d/f", nullptr, "/relative"), Status::kOk);
    EXPECT_EQ(MakeSymbolicLink(*paths_, "/d", nullptr, "/directory"), Status::kOk);
    EXPECT_EQ(MakeSymbolicLink(*paths_, "loop", nullptr, "/loop"), Status::kOk);
    EXPECT_EQ(MakeSymbolicLink(*paths_, "/d/new", nullptr, "/dangling"), Status::kOk);
    EXPECT_EQ(Contents("/relative"), "target");
    EXPECT_EQ(Contents("/directory/f"), "target");
    EXPECT_EQ(StatusOf("/loop"), Status::kTooManyLinks);
    EXPECT_EQ(StatusOf("/dangling"), Status::kNotFound);
    // Creating through a dangling link makes what it points to; with `exclusive` the link itself is in the way.
    EXPECT_EQ(Open(*paths_, nullptr, "/dangling", {.mode = kReadWrite, .create = true, .exclusive = true}).status(), Status::kAlreadyExists);
    EXPECT_TRUE(Open(*paths_, nullptr, "/dangling", {.mode = kReadWrite, .create = true}).ok());
    EXPECT_EQ(StatusOf("/d/new"), Status::kOk);
  });
}

TEST_F(PathsTest, LinksAreCounted) {
  InTree([&] {
    EXPECT_EQ(Create("/a", "x"), Status::kOk);
    EXPECT_EQ(Link(*paths_, nullptr, "/a", nullptr, "/b", FollowLast::kNo), Status::kOk);
    EXPECT_EQ(Links("/a"), 2u);
    EXPECT_EQ(Unlink(*paths_, nullptr, "/a"), Status::kOk);
    EXPECT_EQ(Links("/b"), 1u);
    EXPECT_EQ(Contents("/b"), "x");
    EXPECT_EQ(Mkdir("/d"), Status::kOk);
    EXPECT_EQ(Links("/d"), 2u);
    EXPECT_EQ(Mkdir("/d/e"), Status::kOk);
    EXPECT_EQ(Links("/d"), 3u);
    EXPECT_EQ(RemoveDirectory(*paths_, nullptr, "/d/e"), Status::kOk);
    EXPECT_EQ(Links("/d"), 2u);
    EXPECT_EQ(Link(*paths_, nullptr, "/d", nullptr, "/dd", FollowLast::kNo), Status::kPermissionDenied);
  });
}

TEST_F(PathsTest, AnUnlinkedFileLivesWhileItIsOpen) {
  InTree([&] {
    EXPECT_EQ(Create("/a", "still here"), Status::kOk);
    const auto file = Open(*paths_, nullptr, "/a", {.mode = kRead});
    EXPECT_EQ(Unlink(*paths_, nullptr, "/a"), Status::kOk);
    EXPECT_EQ(StatusOf("/a"), Status::kNotFound);
    EXPECT_EQ(ReadText(**file), "still here");
  });
}

TEST_F(PathsTest, DirectoriesAreRemovedOnlyWhenEmpty) {
  InTree([&] {
    EXPECT_EQ(Mkdir("/d"), Status::kOk);
    EXPECT_EQ(Create("/d/f"), Status::kOk);
    EXPECT_EQ(RemoveDirectory(*paths_, nullptr, "/d"), Status::kNotEmpty);
    EXPECT_EQ(Unlink(*paths_, nullptr, "/d"), Status::kIsDirectory);
    EXPECT_EQ(RemoveDirectory(*paths_, nullptr, "/d/f"), Status::kNotDirectory);
    EXPECT_EQ(Unlink(*paths_, nullptr, "/d/f"), Status::kOk);
    EXPECT_EQ(RemoveDirectory(*paths_, nullptr, "/d"), Status::kOk);
    EXPECT_EQ(RemoveDirectory(*paths_, nullptr, "/d"), Status::kNotFound);
  });
}

TEST_F(PathsTest, RenameReplacesAndKeepsTheTreeATree) {
  InTree([&] {
    EXPECT_EQ(Create("/a", "new"), Status::kOk);
    EXPECT_EQ(Create("/b", "old"), Status::kOk);
    EXPECT_EQ(Rename(*paths_, nullptr, "/a", nullptr, "/b", Replace::kNo), Status::kAlreadyExists);
    EXPECT_EQ(Rename(*paths_, nullptr, "/a", nullptr, "/b", Replace::kYes), Status::kOk);
    EXPECT_EQ(Contents("/b"), "new");
    EXPECT_EQ(StatusOf("/a"), Status::kNotFound);
    EXPECT_EQ(Mkdir("/d"), Status::kOk);
    EXPECT_EQ(Mkdir("/d/e"), Status::kOk);
    EXPECT_EQ(Rename(*paths_, nullptr, "/d", nullptr, "/d/e/f", Replace::kYes), Status::kInvalidArgument);
    EXPECT_EQ(Rename(*paths_, nullptr, "/b", nullptr, "/d", Replace::kYes), Status::kIsDirectory);
    EXPECT_EQ(Rename(*paths_, nullptr, "/d/e", nullptr, "/e", Replace::kYes), Status::kOk);
    EXPECT_EQ(Where("/e"), "/e");
    EXPECT_EQ(Links("/d"), 2u);
  });
}

TEST_F(PathsTest, ThePathOfADirectoryIsFoundAgain) {
  InTree([&] {
    EXPECT_EQ(Mkdir("/usr"), Status::kOk);
    EXPECT_EQ(Mkdir("/usr/local"), Status::kOk);
    EXPECT_EQ(Where("/usr/local"), "/usr/local");
    EXPECT_EQ(Where("/"), "/");
    const auto node = Resolve(*paths_, nullptr, "/usr/local", FollowLast::kYes);
    EXPECT_EQ(RemoveDirectory(*paths_, nullptr, "/usr/local"), Status::kOk);
    char buffer[16];
    EXPECT_EQ(PathOf(*paths_, **node, buffer).status(), Status::kNotFound);
    EXPECT_EQ(PathOf(*paths_, **Resolve(*paths_, nullptr, "/usr", FollowLast::kYes), std::span(buffer, 3)).status(), Status::kOutOfRange);
  });
}

TEST_F(PathsTest, ADirectoryIsReadOnceWhateverChangesMeanwhile) {
  InTree([&] {
    for (int i = 0; i < 40; ++i) EXPECT_EQ(Create("/tmp/f" + std::to_string(i)), Status::kOk);
    const auto tmp = Resolve(*paths_, nullptr, "/tmp", FollowLast::kYes);
    std::string seen;
    std::uint64_t cursor = 0;
    for (bool more = true; more;) {
      more = false;
      EXPECT_EQ((*tmp)->ReadDirectory(cursor, [&](const DirectoryEntry& entry) {
        seen += std::string(entry.name) + " ";
        cursor = entry.next_cursor;
        more = true;
        return false;
      }), Status::kOk);
      if (seen.ends_with(" f3 ")) {
        EXPECT_EQ(Unlink(*paths_, nullptr, "/tmp/f3"), Status::kOk);
      }
    }
    std::string expected = ". .. ";
    for (int i = 0; i < 40; ++i) expected += "f" + std::to_string(i) + " ";
    EXPECT_EQ(seen, expected);
  });
}

TEST_F(PathsTest, HolesReadAsZerosAndTruncationForgets) {
  InTree([&] {
    const auto file = Open(*paths_, nullptr, "/f", {.mode = kReadWrite, .create = true});
    ASSERT_TRUE((*file)->Seek(10000, core::SeekFrom::kStart).ok());
    ASSERT_TRUE(WriteText(**file, "end").ok());
    EXPECT_EQ((*file)->node().GetAttributes().size, 10003u);
    ASSERT_TRUE((*file)->Seek(9998, core::SeekFrom::kStart).ok());
    EXPECT_EQ(ReadText(**file), std::string("\0\0end", 5));
    EXPECT_EQ((*file)->node().Truncate(10001), Status::kOk);
    EXPECT_EQ((*file)->node().Truncate(10003), Status::kOk);
    ASSERT_TRUE((*file)->Seek(-4, core::SeekFrom::kEnd).ok());
    EXPECT_EQ(ReadText(**file), std::string("\0e\0\0", 4));
    EXPECT_EQ((*file)->Seek(-1, core::SeekFrom::kStart).status(), Status::kInvalidArgument);
  });
}

TEST_F(PathsTest, ProcIsNotWritable) {
  InTree([&] {
    EXPECT_EQ(Create("/proc/x"), Status::kPermissionDenied);
    EXPECT_EQ(Mkdir("/proc/x"), Status::kPermissionDenied);
    EXPECT_EQ(Unlink(*paths_, nullptr, "/proc/uptime"), Status::kPermissionDenied);
    EXPECT_EQ(Open(*paths_, nullptr, "/proc/uptime", {.mode = kReadWrite}).status(), Status::kAccessDenied);
    EXPECT_NE(Contents("/proc/meminfo").find("MemFree: "), std::string::npos);
  });
}

TEST_F(PathsTest, ProcFilesOfLayersAboveAppear) {
  InTree([&] {
    EXPECT_EQ(AddProcFile("escapement/answer", [](TextBuffer& text) { text.Append("42\n"); }), Status::kOk);
    EXPECT_EQ(AddProcFile("escapement/answer", [](TextBuffer&) {}), Status::kAlreadyExists);
    EXPECT_EQ(Contents("/proc/escapement/answer"), "42\n");
    EXPECT_EQ(Create("/proc/escapement/mine"), Status::kPermissionDenied);
  });
}

TEST_F(PathsTest, NoMemoryLeavesTheTreeAsItWas) {
  InTree([&] {
    for (std::uint64_t allowed = 0;; ++allowed) {
      mm::FailAllocationsAfter(allowed);
      const Status status = Mkdir("/d");
      mm::FailAllocationsAfter(~std::uint64_t{0});
      if (Ok(status)) break;
      EXPECT_EQ(status, Status::kNoMemory);
      EXPECT_EQ(StatusOf("/d"), Status::kNotFound);
    }
    EXPECT_EQ(Links("/d"), 2u);
  });
}

}  // namespace
}  // namespace esc::fs
