"""What a workspace that uses Escapement loads: its external repositories and its toolchains.

    local_repository(name = "escapement", path = "../escapement")
    load("@escapement//rules:repositories.bzl", "escapement_repositories", "escapement_toolchains")
    escapement_repositories()
    escapement_toolchains()

A repository that the workspace has defined before keeps its place.
"""

load("//tools/deps:overlays/absl.bzl", ABSL_PACKAGES = "PACKAGES")
load("//tools/deps:debian.bzl", "debian_repository", "repository_view")

def _debian(name, overlay = None, lock = None, **kwargs):
    if native.existing_rule(name):
        return
    debian_repository(
        name = name,
        lock = Label("//tools/deps:lock/%s.lock" % (lock or name)),
        build_file = Label("//tools/deps:overlays/%s.BUILD" % (overlay or name)),
        **kwargs
    )

def _view(name, path):
    if native.existing_rule(name):
        return
    repository_view(name = name, of = "@escapement_bazel_rules//:BUILD.bazel", path = path)

_LLVM_PROGRAMS = [
    "clang",
    "ld.lld",
    "llvm-ar",
    "llvm-nm",
    "llvm-objcopy",
    "llvm-objdump",
    "llvm-readelf",
    "llvm-size",
    "llvm-strip",
    "llvm-symbolizer",
]

def _bazel_rules():
    """Bazel's own rule sets, which it would fetch from the network otherwise."""
    _debian("escapement_bazel_rules", "bazel_rules")
    for name, path in {
        "bazel_features": "usr/share/bazel/tools/features",
        "bazel_skylib": "usr/share/bazel/tools/skylib",
        "rules_cc": "usr/share/bazel/rules/cc",
        "rules_java": "usr/share/bazel/rules/java",
        "rules_license": "usr/share/bazel/rules/license",
        "rules_proto": "usr/share/bazel/rules/proto",
        "rules_python": "usr/share/bazel/rules/python",
    }.items():
        _view(name, path)

def _libraries():
    """What host programs are linked with; a workspace's own go before these."""
    _debian(
        "com_google_absl",
        "absl",
        files = dict(
            {"absl/%s/BUILD.bazel" % package: "//tools/deps:overlays/absl_package.BUILD" for package in ABSL_PACKAGES},
            **{"absl.bzl": "//tools/deps:overlays/absl.bzl"}
        ),
    )
    _debian("com_google_googletest", "googletest")
    _debian("com_github_google_benchmark", remove = ["BUILD.bazel", "WORKSPACE", "bindings", "test", "tools", "docs"])
    # The second one is for nanopb, whose generator must not depend on which protobuf the workspace has.
    for name in ["com_google_protobuf", "escapement_protobuf"]:
        _debian(
            name,
            "protobuf",
            lock = "com_google_protobuf",
            programs = {"protoc": "usr/bin/protoc"},
        )
    _debian(
        "nanopb",
        files = {
            "any.options": "//tools/deps:overlays/any.options",
            "protoc-gen-nanopb.sh": "//tools/deps:overlays/protoc-gen-nanopb.sh",
        },
        remove = ["BUILD.bazel", "WORKSPACE", "examples", "tests", "debian", "extra"],
    )

def _tools():
    """Programs that build images and run them."""
    _debian(
        "escapement_python",
        "python",
        programs = {"python3": "usr/bin/python3.11"},
        setup = ["export PYTHONHOME=$root/usr PYTHONPATH=$root/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0"],
        arguments = ["-s"],
    )
    _debian(
        "qemu",
        programs = {"qemu-system-x86_64": "usr/bin/qemu-system-x86_64"},
        arguments = ['-L "$root/usr/share/qemu" -L "$root/usr/share/seabios"'],
        setup = ['export QEMU_MODULE_DIR="$root/usr/lib/x86_64-linux-gnu/qemu"'],
    )
    _debian("ovmf")
    _debian(
        "grub",
        programs = {tool: "usr/bin/" + tool for tool in ["grub-file", "grub-mkimage", "grub-mkstandalone", "grub-script-check"]},
    )
    _debian("xorriso", programs = {"xorriso": "usr/bin/xorriso"})
    _debian(
        "mtools",
        programs = {tool: "usr/bin/" + tool for tool in ["mcopy", "mdir", "mformat", "mmd", "mtype"]},
        # FAT's short names are in code page 850.
        setup = ['export GCONV_PATH="$root/usr/lib/x86_64-linux-gnu/gconv"'],
    )
    _debian("busybox")

def escapement_repositories():
    """All repositories that Escapement needs. Fetched one by one, when a target first needs them."""
    _bazel_rules()
    _debian(
        "escapement_llvm",
        "llvm",
        programs = {program: "usr/lib/llvm-19/bin/" + program for program in _LLVM_PROGRAMS},
        exclude = [
            "*/lib/linux/*-i386.*",
            "*/lib/linux/*.so",
        ],
        header_folders = ["usr/lib/llvm-19/lib/clang/19/include"],
    )
    _debian(
        "escapement_sysroot",
        "sysroot",
        header_folders = ["usr/include"],
    )
    _debian(
        "escapement_libcxx",
        "libcxx",
        header_folders = ["usr/lib/llvm-19/include/c++/v1"],
    )
    _debian(
        "escapement_musl",
        "musl",
        header_folders = ["usr/include/x86_64-linux-musl"],
    )
    _libraries()
    _tools()

def escapement_toolchains():
    """The compilers for //platforms:host, :x86_64_kernel and :linux_static. Toolchains that are registered before win."""
    native.register_toolchains(
        "@escapement//platforms/toolchain:host_toolchain",
        "@escapement//platforms/toolchain:kernel_toolchain",
        "@escapement//platforms/toolchain:musl_toolchain",
        "@bazel_skylib//toolchains/unittest:bash_toolchain",  # for tests of rules
    )
