#include "kernel/base/status.h"

#include <array>

namespace esc {
namespace {
// In the order of the enumeration.
constexpr std::array<std::string_view, static_cast<std::size_t>(Status::kIoError) + 1> kNames = {
    "kOk",             "kInvalidArgument", "kOutOfRange",     "kNoMemory",       "kNotFound",       "kAlreadyExists",
    "kNotDirectory",   "kIsDirectory",     "kNotEmpty",       "kBusy",           "kWouldBlock",     "kInterrupted",
    "kRestart",        "kTimedOut",        "kFault",          "kPermissionDenied", "kAccessDenied", "kNotExecutable",
    "kCorrupt",        "kTruncated",       "kTooLarge",       "kTooManyOpen",    "kBadDescriptor",  "kBrokenPipe",
    "kNotSeekable",    "kNotTerminal",     "kNotSupported",   "kNotImplemented", "kNoSuchProcess",  "kNoChild",
    "kNoSpace",        "kReadOnly",        "kNameTooLong",    "kTooManyLinks",   "kCrossDevice",    "kResourceLimit",
    "kDeadlock",       "kNoDevice",      "kIoError",
};
}  // namespace

std::string_view StatusName(Status status) {
  const auto index = static_cast<std::size_t>(status);
  return index < kNames.size() ? kNames[index] : "unknown status";
}

}  // namespace esc
