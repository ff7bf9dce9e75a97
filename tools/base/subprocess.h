#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace esc::tools {

// What a new process gets. A file descriptor of -1 means /dev/null.
struct SpawnOptions {
  std::vector<std::string> argv = {};  // argv[0] is searched in PATH when it has no slash.
  std::optional<std::vector<std::string>> environment = {};  // NAME=VALUE; the parent's when absent.
  std::string directory = {};  // The parent's when empty.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  enum class Group { kParent, kOwn };
  Group group = Group::kParent;
};

// Starts the program. It is killed when the thread that called this ends, so that nothing is left behind.
// The error names the program when it cannot be executed. The caller reaps the process.
absl::StatusOr<pid_t> Spawn(const SpawnOptions& options);

// Runs the program to its end and returns what it wrote to standard output and standard error. An exit status
// other than 0 is an error that carries the program's name and output.
absl::StatusOr<std::string> RunProgram(SpawnOptions options);

}  // namespace esc::tools
