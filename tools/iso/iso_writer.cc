#include "tools/iso/iso_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "tools/base/file.h"
#include "tools/base/interrupt.h"
#include "tools/base/subprocess.h"
#include "tools/iso/grub_config.h"
#include "tools/iso/kernel_check.h"

namespace esc::tools {
namespace {

// Every date in the image: 2026-01-01T00:00:00Z, once as seconds and once as xorriso takes it.
constexpr char kEpoch[] = "1767225600";
constexpr char kIsoDate[] = "2026010100000000";
constexpr char kVolume[] = "ESCAPEMENT";
constexpr char kFatSerial[] = "45534341";
constexpr char kCpioMagic[] = "070701";
// The FAT file system is a 2.88 MB floppy for mformat; what BOOTX64.EFI may take of it.
constexpr uintmax_t kFatCapacity = 2'800'000;

// What GRUB needs before it can read the ISO, and all it needs after that: nothing is loaded at run time.
constexpr const char* kGrubModules[] = {"normal",    "configfile", "search",     "search_fs_file", "iso9660", "part_msdos", "part_gpt",
                                        "multiboot2", "serial",     "terminal",   "echo",           "boot",    "minicmd",    "reboot"};

struct Inputs {
  std::string kernel;
  std::string boot_config;
  std::string initramfs;
};

// Puts the image together in a private directory, whose tree `stage` is the ISO's content.
class IsoBuild {
 public:
  IsoBuild(const IsoRequest& request, const IsoTools& tools, TempDirectory work)
      : request_(request), tools_(tools), work_(std::move(work)) {}

  absl::Status Stage(const Inputs& inputs);
  absl::Status MakeBiosImage();
  absl::Status MakeUefiImage();
  absl::Status SettleStage();
  absl::Status MakeIso();

 private:
  absl::Status Run(std::vector<std::string> argv) const;
  absl::Status MakeGrubImage(const std::string& format, const std::string& modules, const char* extra_module,
                             const std::string& output) const;
  std::string StageFile(absl::string_view name) const { return absl::StrCat(work_.File("stage"), "/", name); }

  const IsoRequest& request_;
  const IsoTools& tools_;
  TempDirectory work_;
};

// FNV-1a over all inputs: a name for the medium, so that GRUB finds this one and not another that is attached too.
std::string MarkerName(const Inputs& inputs, absl::string_view grub_config) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const absl::string_view part :
       {absl::string_view(inputs.kernel), absl::string_view(inputs.boot_config), absl::string_view(inputs.initramfs), grub_config}) {
    for (const char c : part) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
    hash = (hash ^ part.size()) * 0x100000001b3;
  }
  return absl::StrFormat("boot/grub/%016x.id", hash);
}

absl::Status IsoBuild::Run(std::vector<std::string> argv) const {
  // Nothing of the caller's environment reaches the programs, but for the way to the shell that wrappers may need.
  SpawnOptions options = {
      .argv = std::move(argv),
      .environment = {{"PATH=/usr/bin:/bin", "HOME=/nonexistent", "TZ=UTC0", "LC_ALL=C", "MTOOLSRC=/dev/null",
                       absl::StrCat("SOURCE_DATE_EPOCH=", kEpoch), absl::StrCat("TMPDIR=", work_.path())}},
      .directory = work_.path(),
  };
  if (absl::Status status = RunProgram(std::move(options)).status(); !status.ok()) return status;
  const int interrupt = InterruptHold::Pending();
  return interrupt == 0 ? absl::OkStatus() : absl::CancelledError(absl::StrCat("stopped by signal ", interrupt));
}

absl::Status IsoBuild::Stage(const Inputs& inputs) {
  std::error_code error;
  std::filesystem::create_directories(StageFile("boot/grub"), error);
  if (error) return absl::InternalError(absl::StrCat("cannot create ", StageFile("boot/grub"), ": ", error.message()));
  const absl::StatusOr<std::string> config = GrubConfig({.cmdline = request_.cmdline,
                                                         .has_boot_config = !request_.boot_config.empty(),
                                                         .has_initramfs = !request_.initramfs.empty()});
  if (!config.ok()) return config.status();
  const std::string marker = MarkerName(inputs, *config);
  std::vector<std::pair<std::string, std::string>> files = {{StageFile(kIsoKernel), inputs.kernel},
                                                            {StageFile(kIsoGrubConfig), *config},
                                                            {StageFile(marker), marker},
                                                            {work_.File("early.cfg"), GrubEarlyConfig(marker)}};
  if (!request_.boot_config.empty()) files.emplace_back(StageFile(kIsoBootConfig), inputs.boot_config);
  if (!request_.initramfs.empty()) files.emplace_back(StageFile(kIsoInitramfs), inputs.initramfs);
  for (const auto& [path, content] : files) {
    if (absl::Status status = WriteFileAtomically(path, content); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status IsoBuild::MakeGrubImage(const std::string& format, const std::string& modules, const char* extra_module,
                                     const std::string& output) const {
  std::vector<std::string> argv = {tools_.grub_mkimage, "-O", format, "-d", modules, "-p", "/boot/grub", "-c", "early.cfg",
                                   "-o", output, extra_module};
  argv.insert(argv.end(), std::begin(kGrubModules), std::end(kGrubModules));
  return Run(std::move(argv));
}

absl::Status IsoBuild::MakeBiosImage() {
  return MakeGrubImage("i386-pc-eltorito", tools_.grub_i386_pc, "biosdisk", StageFile("boot/grub/eltorito.img"));
}

absl::Status IsoBuild::MakeUefiImage() {
  const std::string loader = work_.File("BOOTX64.EFI");
  if (absl::Status status = MakeGrubImage("x86_64-efi", tools_.grub_x86_64_efi, "fat", loader); !status.ok()) return status;
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(loader, error);
  if (error) return absl::InternalError(absl::StrCat(tools_.grub_mkimage, " wrote no ", loader));
  if (size > kFatCapacity) {
    return absl::InternalError(absl::StrCat(loader, ": ", size, " bytes, more than the UEFI partition holds"));
  }
  const std::string image = StageFile("boot/grub/efi.img");
  const std::vector<std::vector<std::string>> steps = {
      {tools_.mformat, "-C", "-f", "2880", "-N", kFatSerial, "-v", kVolume, "-i", image, "::"},
      {tools_.mmd, "-i", image, "::/EFI", "::/EFI/BOOT"},
      {tools_.mcopy, "-i", image, loader, "::/EFI/BOOT/BOOTX64.EFI"},
  };
  for (const std::vector<std::string>& step : steps) {
    if (absl::Status status = Run(step); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Rock Ridge records modes and dates of files: make them the same whatever umask and clock were.
absl::Status IsoBuild::SettleStage() {
  std::vector<std::string> paths = {work_.File("stage")};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(paths[0])) paths.push_back(entry.path().string());
  const timespec date = {.tv_sec = std::stoll(kEpoch), .tv_nsec = 0};
  const timespec times[2] = {date, date};
  for (const std::string& path : paths) {
    const mode_t mode = std::filesystem::is_directory(path) ? 0755 : 0644;
    if (chmod(path.c_str(), mode) != 0 || utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot set the mode and date of ", path));
    }
  }
  return absl::OkStatus();
}

absl::Status IsoBuild::MakeIso() {
  const std::string temporary = TemporaryNameBeside(request_.output);
  // The date is also the volume's UUID, and the GPT's GUIDs come from it, which else are random (xorrisofs(1)).
  absl::Status status = Run({tools_.xorriso, "-no_rc", "-report_about", "WARNING", "-as", "mkisofs", "-r", "-V", kVolume,
                             absl::StrCat("--modification-date=", kIsoDate), "--gpt_disk_guid", "modification-date", "--set_all_file_dates", "set_to_mtime",
                             "-c", "boot/grub/boot.cat", "-b", "boot/grub/eltorito.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
                             "--grub2-boot-info", "--grub2-mbr", absl::StrCat(tools_.grub_i386_pc, "/boot_hybrid.img"),
                             "--protective-msdos-label", "--efi-boot", "boot/grub/efi.img", "-efi-boot-part",
                             "--efi-boot-image", "-o", temporary, "stage"});
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  return MoveIntoPlace(temporary, request_.output);
}

absl::StatusOr<Inputs> ReadInputs(const IsoRequest& request) {
  absl::StatusOr<std::string> kernel = ReadFile(request.kernel);
  if (!kernel.ok()) return kernel.status();
  if (absl::Status status = CheckMultibootKernel(request.kernel, *kernel); !status.ok()) return status;
  Inputs inputs = {.kernel = *std::move(kernel), .boot_config = {}, .initramfs = {}};
  if (!request.boot_config.empty()) {
    absl::StatusOr<std::string> config = ReadFile(request.boot_config);
    if (!config.ok()) return config.status();
    if (config->empty()) return absl::InvalidArgumentError(absl::StrCat("boot config ", request.boot_config, ": empty"));
    inputs.boot_config = *std::move(config);
  }
  if (!request.initramfs.empty()) {
    absl::StatusOr<std::string> initramfs = ReadFile(request.initramfs);
    if (!initramfs.ok()) return initramfs.status();
    if (!absl::StartsWith(*initramfs, kCpioMagic)) {
      return absl::InvalidArgumentError(absl::StrCat("initramfs ", request.initramfs, ": not a cpio archive (newc)"));
    }
    inputs.initramfs = *std::move(initramfs);
  }
  return inputs;
}

// The programs run in another directory, so relative paths must become absolute; a bare name stays one, for PATH.
void MakeAbsolute(IsoRequest& request, IsoTools& tools) {
  const std::string directory = CurrentDirectory();
  for (std::string* path : {&request.kernel, &request.boot_config, &request.initramfs, &request.output, &tools.grub_i386_pc,
                            &tools.grub_x86_64_efi}) {
    *path = AbsolutePath(*path, directory);
  }
  for (std::string* program : {&tools.grub_mkimage, &tools.xorriso, &tools.mformat, &tools.mmd, &tools.mcopy}) {
    if (absl::StrContains(*program, '/')) *program = AbsolutePath(*program, directory);
  }
}

}  // namespace

absl::Status WriteIso(const IsoRequest& given_request, const IsoTools& given_tools) {
  const absl::StatusOr<Inputs> inputs = ReadInputs(given_request);
  if (!inputs.ok()) return inputs.status();
  IsoRequest request = given_request;
  IsoTools tools = given_tools;
  MakeAbsolute(request, tools);
  const InterruptHold hold;  // longer than the folder, which is as large as the image
  absl::StatusOr<TempDirectory> work = TempDirectory::Create("write_iso");
  if (!work.ok()) return work.status();
  IsoBuild build(request, tools, *std::move(work));
  absl::Status status = build.Stage(*inputs);
  if (status.ok()) status = build.MakeBiosImage();
  if (status.ok()) status = build.MakeUefiImage();
  if (status.ok()) status = build.SettleStage();
  if (status.ok()) status = build.MakeIso();
  return status;
}

}  // namespace esc::tools
