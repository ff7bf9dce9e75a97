"""What sets the three targets of the compiler apart, as data: see config.bzl for how it is used."""

def _in(label, path):
    root = Label(label).workspace_root
    return (root + "/" if root else "") + path

_LLVM = _in("@escapement_llvm//:BUILD", "usr/lib/llvm-19/lib/clang/19")
_SYSROOT = Label("@escapement_sysroot//:BUILD").workspace_root
_MUSL = Label("@escapement_musl//:BUILD").workspace_root
_LIBCXX = _in("@escapement_libcxx//:BUILD", "usr/lib/llvm-19/include/c++/v1")

# Headers of our own that stand before libc++'s, since they configure it.
_LIBCXX_SITE = _in("//platforms/toolchain:BUILD", "platforms/toolchain/libcxx")

_COMMON = [
    "-resource-dir=" + _LLVM,
    "-nostdinc",
    "-ffunction-sections",
    "-fdata-sections",
    "-fstack-protector-strong",
    "-fcolor-diagnostics",
    # The same bits for any path, user and time.
    "-no-canonical-prefixes",
    "-fdebug-compilation-dir=.",
    "-fcoverage-compilation-dir=.",
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
]

_CXX = ["-std=c++20", "-nostdinc++"]
_C = ["-std=c17"]

HOST = struct(
    standard_headers = [],  # any
    target = "x86_64-linux-gnu",
    libc = "glibc",
    compile = _COMMON + ["-g1", "-fno-omit-frame-pointer"],
    c = _C,
    cxx = _CXX,
    c_includes = [
        _LLVM + "/include",
        _SYSROOT + "/usr/include/x86_64-linux-gnu",
        _SYSROOT + "/usr/include",
    ],
    cxx_includes = [
        _SYSROOT + "/usr/include/c++/12",
        _SYSROOT + "/usr/include/x86_64-linux-gnu/c++/12",
        _SYSROOT + "/usr/include/c++/12/backward",
    ],
    default_optimization = ["-O1"],
    opt = ["-O2", "-DNDEBUG", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"],
    link = [
        "--target=x86_64-linux-gnu",
        "--sysroot=" + _SYSROOT,
        "--gcc-install-dir=" + _SYSROOT + "/usr/lib/gcc/x86_64-linux-gnu/12",
        "-resource-dir=" + _LLVM,
        "-static-libgcc",
        "-Wl,--gc-sections",
        "-Wl,--build-id=none",
    ],
    # After the objects. The sysroot has the C++ library as an archive only.
    link_last = ["-lstdc++", "-lm"],
    # No program needs a library of the machine it runs on. Sanitizers intercept the C library's functions, so they alone take its
    # shared form, and need a dynamic loader of glibc 2.36 or later at run time.
    sanitizers = True,
    inlining_link = False,
)

# The whole kernel is built without the registers that it would have to save on entry, without what needs a runtime (exceptions,
# RTTI, guards of static variables), for the upper 2 GiB of the address space.
KERNEL = struct(
    # What code of the kernel may include: these need no runtime, allocate nothing by themselves and cannot throw. layering_check
    # refuses any other.
    standard_headers = [
        "algorithm",
        "array",
        "atomic",
        "bit",
        "compare",
        "concepts",
        "cstddef",
        "cstdint",
        "cstring",
        "initializer_list",
        "iterator",
        "limits",
        "memory",
        "new",
        "optional",
        "span",
        "string_view",
        "tuple",
        "type_traits",
        "utility",
    ],
    target = "x86_64-unknown-none-elf",
    libc = "none",
    compile = _COMMON + [
        "-g",
        "-ffreestanding",
        "-fno-pic",
        "-mcmodel=kernel",
        "-mno-red-zone",
        # Not -mgeneral-regs-only: it refuses even the declarations of floating-point functions in <limits> and <cstdlib>. With soft
        # floating point, code that computes with it calls functions that the kernel does not have, and fails to link.
        "-mno-mmx",
        "-mno-sse",
        "-mno-avx",
        "-msoft-float",
        "-mstack-protector-guard=global",
        "-fno-omit-frame-pointer",
        "-fno-asynchronous-unwind-tables",
        "-fno-unwind-tables",
        "-fno-common",
        "-fno-delete-null-pointer-checks",
        "-fno-strict-aliasing",
        "-ftrivial-auto-var-init=zero",
    ],
    c = _C,
    cxx = _CXX + [
        "-fno-exceptions",
        "-fno-rtti",
        "-fno-threadsafe-statics",
        "-fno-use-cxa-atexit",
        "-fno-sized-deallocation",
    ],
    c_includes = [
        _LLVM + "/include",
        _MUSL + "/usr/include/x86_64-linux-musl",
    ],
    cxx_includes = [_LIBCXX_SITE, _LIBCXX],
    default_optimization = ["-O2"],
    opt = ["-O2", "-DNDEBUG"],
    link = [
        # The driver calls another linker for bare targets; what is linked is the same.
        "--target=x86_64-linux-gnu",
        "-nostdlib",
        "-static",
        "-Wl,--gc-sections",
        "-Wl,--build-id=none",
        "-Wl,-z,max-page-size=4096",
        "-Wl,-z,noexecstack",
        "-Wl,--no-dynamic-linker",
    ],
    link_last = [],
    sanitizers = False,
    inlining_link = True,
)

MUSL = struct(
    standard_headers = [],  # any
    target = "x86_64-linux-musl",
    libc = "musl",
    compile = _COMMON + ["-g", "-fno-omit-frame-pointer", "-fno-pic"],
    c = _C,
    # C++ without its library: enough for small programs that need no exceptions.
    cxx = ["-std=c++20", "-nostdinc++", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"],
    c_includes = [
        _MUSL + "/usr/include/x86_64-linux-musl",
        _LLVM + "/include",
    ],
    cxx_includes = [],
    default_optimization = ["-O2"],
    opt = ["-O2", "-DNDEBUG"],
    link = [
        "--target=x86_64-linux-musl",
        "-resource-dir=" + _LLVM,
        "-nostdlib",
        "-static",
        "-Wl,--gc-sections",
        "-Wl,--build-id=none",
        _MUSL + "/usr/lib/x86_64-linux-musl/crt1.o",
        _MUSL + "/usr/lib/x86_64-linux-musl/crti.o",
        "-L" + _MUSL + "/usr/lib/x86_64-linux-musl",
    ],
    link_last = [
        "-Wl,--start-group",
        "-lc",
        _LLVM + "/lib/linux/libclang_rt.builtins-x86_64.a",
        "-Wl,--end-group",
        _MUSL + "/usr/lib/x86_64-linux-musl/crtn.o",
    ],
    sanitizers = False,
    inlining_link = False,
)
