// The ISO writer with fake helper programs: shell scripts that note how they are called. The real programs are tested by
// booting what they make.

#include "tools/iso/iso_writer.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tools/base/file.h"

namespace esc::tools {
namespace {

// Writes its arguments, working files and environment to a log, and a file named after -o or -i.
constexpr char kFake[] = R"(#!/bin/sh
log=@LOG@
echo "$(basename "$0") $*" >> "$log"
echo "TZ=$TZ LC_ALL=$LC_ALL EPOCH=$SOURCE_DATE_EPOCH LEAK=$LEAK" >> "$log.env"
while [ $# -gt 0 ]; do
  case $1 in
    -o) echo made > "$2" ;;
    -c) [ -e "$2" ] && cat "$2" >> "$log.early" ;;
    -i) echo made > "$2" ;;
    stage) cp -rp stage "$log.stage" ;;
  esac
  shift
done
)";

constexpr char kFailing[] = "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" = -o ] && echo half > \"$2\"; shift; done\necho no space >&2; exit 9\n";

std::string Kernel() {
  std::string elf(4096, '\0');
  elf.replace(0, 5, "\x7f\x45\x4c\x46\x02");
  elf[18] = 62;
  elf.replace(64, 16, std::string("\xd6\x50\x52\xe8\0\0\0\0\x18\0\0\0\x12\xaf\xad\x17", 16));
  return elf;
}

class IsoWriterTest : public testing::Test {
 protected:
  IsoWriterTest() : directory_(*TempDirectory::Create("iso_writer_test")) {
    tools_ = {.grub_mkimage = Program("grub-mkimage", kFake),
              .grub_i386_pc = "/modules/bios",
              .grub_x86_64_efi = "/modules/uefi",
              .xorriso = Program("xorriso", kFake),
              .mformat = Program("mformat", kFake),
              .mmd = Program("mmd", kFake),
              .mcopy = Program("mcopy", kFake)};
    request_ = {.kernel = File("k.elf", Kernel()),
                .boot_config = File("c.binpb", "config"),
                .initramfs = File("i.cpio", "070701rest"),
                .cmdline = "console=ttyS0",
                .output = directory_.File("out.iso")};
  }

  std::string File(const std::string& name, const std::string& content) {
    const std::string path = directory_.File(name);
    EXPECT_TRUE(WriteFileAtomically(path, content).ok());
    return path;
  }

  std::string Program(const std::string& name, std::string script) {
    const size_t at = script.find("@LOG@");
    if (at != std::string::npos) script.replace(at, 5, directory_.File("log"));
    const std::string path = File(name, script);
    chmod(path.c_str(), 0755);
    return path;
  }

  std::string Logged(const std::string& suffix) { return ReadFile(directory_.File(absl::StrCat("log", suffix))).value_or("(none)"); }

  std::string Error() {
    const absl::Status status = WriteIso(request_, tools_);
    return status.ok() ? "no error" : std::string(status.message());
  }

  TempDirectory directory_;
  IsoTools tools_;
  IsoRequest request_;
};

TEST_F(IsoWriterTest, MakesAnImageForBothFirmwares) {
  ASSERT_EQ(Error(), "no error");
  EXPECT_EQ(*ReadFile(request_.output), "made\n");
  const std::string log = Logged("");
  EXPECT_TRUE(absl::StrContains(log, "grub-mkimage -O i386-pc-eltorito -d /modules/bios -p /boot/grub -c early.cfg ")) << log;
  EXPECT_TRUE(absl::StrContains(log, "grub-mkimage -O x86_64-efi -d /modules/uefi -p /boot/grub -c early.cfg ")) << log;
  EXPECT_TRUE(absl::StrContains(log, "::/EFI/BOOT/BOOTX64.EFI")) << log;
  EXPECT_TRUE(absl::StrContains(log, "--grub2-mbr /modules/bios/boot_hybrid.img")) << log;
}

TEST_F(IsoWriterTest, TheImageHoldsTheInputsWithFixedModesAndDates) {
  const mode_t old_mask = umask(077);
  chmod(request_.kernel.c_str(), 0700);
  ASSERT_EQ(Error(), "no error");
  umask(old_mask);
  const std::string stage = directory_.File("log.stage");
  EXPECT_EQ(*ReadFile(stage + "/boot/kernel.elf"), Kernel());
  EXPECT_EQ(*ReadFile(stage + "/boot/boot_config.binpb"), "config");
  EXPECT_EQ(*ReadFile(stage + "/boot/initramfs.cpio"), "070701rest");
  EXPECT_TRUE(absl::StrContains(*ReadFile(stage + "/boot/grub/grub.cfg"), "'console=ttyS0'"));
  for (const char* path : {"/boot", "/boot/kernel.elf", "/boot/grub/grub.cfg", "/boot/grub/efi.img"}) {
    struct stat info = {};
    ASSERT_EQ(stat((stage + path).c_str(), &info), 0) << path;
    EXPECT_EQ(info.st_mode & 07777, S_ISDIR(info.st_mode) ? 0755u : 0644u) << path;
    EXPECT_EQ(info.st_mtime, 1767225600) << path;
  }
}

TEST_F(IsoWriterTest, TheProgramsSeeAFixedEnvironment) {
  setenv("LEAK", "secret", 1);
  setenv("TZ", "Asia/Tokyo", 1);
  ASSERT_EQ(Error(), "no error");
  const std::string environment = Logged(".env");
  EXPECT_TRUE(absl::StartsWith(environment, "TZ=UTC0 LC_ALL=C EPOCH=1767225600 LEAK=\n")) << environment;
  EXPECT_FALSE(absl::StrContains(environment, "secret"));
  EXPECT_FALSE(absl::StrContains(environment, "Tokyo"));
}

TEST_F(IsoWriterTest, TheMarkerFollowsTheInputs) {
  ASSERT_EQ(Error(), "no error");
  const std::string first = Logged(".early");
  ASSERT_TRUE(absl::StrContains(first, "search --no-floppy --file --set=root /boot/grub/")) << first;
  std::filesystem::remove(directory_.File("log.early"));
  request_.boot_config = File("c.binpb", "confiG");
  ASSERT_EQ(Error(), "no error");
  EXPECT_NE(Logged(".early"), first);
}

TEST_F(IsoWriterTest, ModulesAreOptional) {
  request_.boot_config.clear();
  request_.initramfs.clear();
  ASSERT_EQ(Error(), "no error");
  EXPECT_FALSE(std::filesystem::exists(directory_.File("log.stage/boot/initramfs.cpio")));
}

TEST_F(IsoWriterTest, BadInputsAreNamed) {
  request_.initramfs = File("bad.cpio", "gzip");
  EXPECT_EQ(Error(), absl::StrCat("initramfs ", request_.initramfs, ": not a cpio archive (newc)"));
  request_.boot_config = File("empty.binpb", "");
  EXPECT_EQ(Error(), absl::StrCat("boot config ", request_.boot_config, ": empty"));
  request_.boot_config = directory_.File("missing");
  EXPECT_TRUE(absl::StrContains(Error(), absl::StrCat("cannot open ", request_.boot_config))) << Error();
  request_.kernel = File("bad.elf", "x");
  EXPECT_EQ(Error(), absl::StrCat("kernel ", request_.kernel, ": not an ELF file"));
}

TEST_F(IsoWriterTest, ACommandLineThatGrubWouldChangeIsRefused) {
  request_.cmdline = "a'b";
  EXPECT_TRUE(absl::StrContains(Error(), "command line 'a'b'")) << Error();
}

TEST_F(IsoWriterTest, AFailedProgramIsNamedAndLeavesTheOldImage) {
  File("out.iso", "old");
  for (std::string IsoTools::* tool : {&IsoTools::grub_mkimage, &IsoTools::mformat, &IsoTools::mmd, &IsoTools::mcopy, &IsoTools::xorriso}) {
    const std::string good = std::exchange(tools_.*tool, Program("failing", kFailing));
    EXPECT_EQ(Error(), absl::StrCat(tools_.*tool, " failed with exit status 9: no space"));
    tools_.*tool = good;
    EXPECT_EQ(*ReadFile(request_.output), "old");
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    EXPECT_FALSE(absl::StrContains(entry.path().string(), ".tmp")) << entry.path();
  }
}

TEST_F(IsoWriterTest, AMissingProgramIsNamed) {
  tools_.xorriso = "/nonexistent/xorriso";
  EXPECT_TRUE(absl::StrContains(Error(), "cannot run /nonexistent/xorriso")) << Error();
}

}  // namespace
}  // namespace esc::tools
