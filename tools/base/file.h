#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace esc::tools {

// The whole content of a regular file. The error names the path and the system's reason.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Writes `content` beside `path` and renames it there, so that `path` never holds a part of it.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view content);

// As WriteFileAtomically, for a file that another program writes: `temporary_path` must be on the file system of `path`.
absl::Status MoveIntoPlace(const std::string& temporary_path, const std::string& path);

// A name in the directory of `path` that no other process uses: the place to write before MoveIntoPlace.
std::string TemporaryNameBeside(const std::string& path);

// `path` if it is absolute or empty, else `path` below `directory`.
std::string AbsolutePath(const std::string& path, const std::string& directory);

// The directory that this process runs in.
std::string CurrentDirectory();

// A fresh private directory below $TMPDIR (or /tmp), removed with all it holds on destruction.
class TempDirectory {
 public:
  static absl::StatusOr<TempDirectory> Create(absl::string_view prefix);

  TempDirectory(TempDirectory&& other) noexcept;
  TempDirectory& operator=(TempDirectory&& other) noexcept;
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory();

  const std::string& path() const { return path_; }
  std::string File(absl::string_view name) const;

 private:
  explicit TempDirectory(std::string path) : path_(std::move(path)) {}
  void Remove();

  std::string path_;  // Empty once moved from.
};

}  // namespace esc::tools
