#include "kernel/core/signal/user_abi.h"

namespace esc::core {
namespace {
constinit UserAbi* user_abi = nullptr;
}  // namespace

void SetUserAbi(UserAbi& abi) { user_abi = &abi; }
UserAbi* RegisteredUserAbi() { return user_abi; }

}  // namespace esc::core
