"""The platforms that rules build their parts for, whatever the platform of the build is.

Only the platform is set. Whatever else the top level sets stays as it is there, since Bazel names output folders by what differs
from the top level: a kernel for `bazel test`, which sets sanitizers for host code, has the same actions and the same output as
one for `bazel build`, and is built once.
"""

_PLATFORMS = "//command_line_option:platforms"
_COMPILATION_MODE = "//command_line_option:compilation_mode"

def _platform_transition(platform):
    return transition(
        implementation = lambda _settings, _attr: {_PLATFORMS: [str(platform)]},
        inputs = [],
        outputs = [_PLATFORMS],
    )

# With ESC_DEBUG (//platforms/toolchain), wherever the rest of the build stands: one debug kernel beside all that is not.
debug_kernel_transition = transition(
    implementation = lambda _settings, _attr: {
        _PLATFORMS: [str(Label("//platforms:x86_64_kernel"))],
        _COMPILATION_MODE: "dbg",
    },
    inputs = [],
    outputs = [_PLATFORMS, _COMPILATION_MODE],
)

kernel_transition = _platform_transition(Label("//platforms:x86_64_kernel"))
user_program_transition = _platform_transition(Label("//platforms:linux_static"))
