#include "tools/base/command_line.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/parse.h"
#include "absl/flags/usage.h"

namespace esc::tools {
namespace {

// What a std::exit() in the middle of Abseil's parser is to end with.
int exit_code = 0;
bool parsing = false;

void EndParsing() {
  if (!parsing) return;
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  _exit(exit_code);
}

bool AsksForHelp(const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  return std::any_of(arguments.begin(), end, [](const std::string& word) {
    return word == "-help" || word == "--help" || word == "--helpfull" || word == "--helpshort" || word.starts_with("--help=");
  });
}

}  // namespace

std::vector<std::string> ParseCommandLine(const std::string& usage, std::vector<std::string> arguments, int usage_error) {
  absl::SetProgramUsageMessage(usage);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  exit_code = AsksForHelp(arguments) ? 0 : usage_error;
  std::atexit(EndParsing);
  parsing = true;
  const std::vector<char*> words = absl::ParseCommandLine(static_cast<int>(pointers.size()), pointers.data());
  parsing = false;
  return {words.begin() + 1, words.end()};
}

std::vector<std::string> ParseCommandLine(const std::string& usage, int argc, char** argv, int usage_error) {
  return ParseCommandLine(usage, std::vector<std::string>(argv, argv + argc), usage_error);
}

}  // namespace esc::tools
