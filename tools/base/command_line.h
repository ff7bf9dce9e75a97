#pragma once

#include <string>
#include <vector>

namespace esc::tools {

// absl::ParseCommandLine for a program whose exit codes are told apart by who runs it: Abseil itself ends the process, with 1 for a
// bad flag as for --help. Here --help ends it with 0, and a flag that is not known or has a bad value with `usage_error`.
// Returns the words that are no flags, without the program's name. Call once, from main.
std::vector<std::string> ParseCommandLine(const std::string& usage, std::vector<std::string> arguments, int usage_error);
std::vector<std::string> ParseCommandLine(const std::string& usage, int argc, char** argv, int usage_error);

}  // namespace esc::tools
