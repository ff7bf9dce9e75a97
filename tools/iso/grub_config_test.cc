#include "tools/iso/grub_config.h"

#include <string>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace esc::tools {
namespace {

TEST(GrubConfig, LoadsKernelAndModulesAndBootsAtOnce) {
  const absl::StatusOr<std::string> config = GrubConfig({.cmdline = "", .has_boot_config = true, .has_initramfs = true});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(*config,
            "set timeout=0\n"
            "set gfxpayload=text\n"
            "multiboot2 /boot/kernel.elf\n"
            "module2 /boot/boot_config.binpb boot_config\n"
            "module2 /boot/initramfs.cpio initramfs\n"
            "boot\n");
}

TEST(GrubConfig, ModulesThatAreNotThereAreNotLoaded) {
  EXPECT_EQ(GrubConfig({})->find("module2"), std::string::npos);
}

TEST(GrubConfig, EachWordIsQuotedSoThatTheShellOfGrubLeavesItAlone) {
  const absl::StatusOr<std::string> config = GrubConfig({.cmdline = " a=1  $b {c;d} -- -e "});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_NE(config->find("multiboot2 /boot/kernel.elf 'a=1' '$b' '{c;d}' '--' '-e'\n"), std::string::npos) << *config;
}

TEST(GrubConfig, RefusesWhatGrubWouldChange) {
  for (const char* cmdline : {"a'b", "a\"b", "a\\b", "a\nb", "a\tb", "a\x7f"}) {
    EXPECT_FALSE(GrubConfig({.cmdline = cmdline}).ok()) << cmdline;
  }
}

TEST(GrubConfig, TheEarlyConfigLooksForTheMarker) {
  const std::string config = GrubEarlyConfig("boot/grub/x.id");
  EXPECT_NE(config.find("search --no-floppy --file --set=root /boot/grub/x.id\n"), std::string::npos) << config;
  EXPECT_NE(config.find("terminal_output serial console\n"), std::string::npos) << config;
}

}  // namespace
}  // namespace esc::tools
