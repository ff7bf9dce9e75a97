#include "tools/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/base/interrupt.h"

namespace esc::tools {
namespace {

absl::Status FileError(int error, absl::string_view action, const std::string& path) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot ", action, " ", path));
}

absl::Status WriteAll(int fd, absl::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FileError(errno, "write", path);
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileError(errno, "open", path);
  std::string content;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count < 0) {
      if (errno == EINTR) continue;
      const int error = errno;
      close(fd);
      return FileError(error, "read", path);
    }
    if (count == 0) break;
    content.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  return content;
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view content) {
  const InterruptHold hold;
  const std::string temporary = TemporaryNameBeside(path);
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return FileError(errno, "create", temporary);
  absl::Status status = WriteAll(fd, content, temporary);
  if (close(fd) != 0 && status.ok()) status = FileError(errno, "write", temporary);
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  return MoveIntoPlace(temporary, path);
}

absl::Status MoveIntoPlace(const std::string& temporary_path, const std::string& path) {
  if (rename(temporary_path.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const int error = errno;
  unlink(temporary_path.c_str());
  return FileError(error, "write", path);
}

std::string TemporaryNameBeside(const std::string& path) { return absl::StrCat(path, ".tmp", getpid()); }

std::string AbsolutePath(const std::string& path, const std::string& directory) {
  if (path.empty() || path.front() == '/') return path;
  return absl::StrCat(directory, "/", path);
}

std::string CurrentDirectory() {
  std::error_code error;
  return std::filesystem::current_path(error).string();
}

absl::StatusOr<TempDirectory> TempDirectory::Create(absl::string_view prefix) {
  const char* base = getenv("TMPDIR");
  std::string pattern = absl::StrCat(base != nullptr && *base != '\0' ? base : "/tmp", "/", prefix, ".XXXXXX");
  if (mkdtemp(pattern.data()) == nullptr) return FileError(errno, "create a temporary directory", pattern);
  return TempDirectory(AbsolutePath(pattern, CurrentDirectory()));
}

TempDirectory::TempDirectory(TempDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TempDirectory& TempDirectory::operator=(TempDirectory&& other) noexcept {
  if (this != &other) {
    Remove();
    path_ = std::exchange(other.path_, {});
  }
  return *this;
}

TempDirectory::~TempDirectory() { Remove(); }

void TempDirectory::Remove() {
  if (path_.empty()) return;
  std::error_code ignored;  // What cannot be removed stays for the system's own cleaning of $TMPDIR.
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDirectory::File(absl::string_view name) const { return absl::StrCat(path_, "/", name); }

}  // namespace esc::tools
