"""The C++ toolchain of one target: clang, lld and LLVM's tools from @escapement_llvm with the flags of flags.bzl."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "action_config",
    "feature",
    "feature_set",
    "flag_group",
    "flag_set",
    "tool",
    "with_feature_set",
)
load(":flags.bzl", "HOST", "KERNEL", "MUSL")

_FLAGS = {"host": HOST, "kernel": KERNEL, "musl": MUSL}

_C = [ACTION_NAMES.c_compile, ACTION_NAMES.assemble, ACTION_NAMES.preprocess_assemble]
_CXX = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.cpp_module_codegen,
    ACTION_NAMES.linkstamp_compile,
    ACTION_NAMES.clif_match,
]
_COMPILE = _C + _CXX
_LINK = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

# What Bazel's own actions bring along when a toolchain does not define them.
_COMPILE_IMPLIES = [
    "legacy_compile_flags",
    "user_compile_flags",
    "sysroot",
    "unfiltered_compile_flags",
    "compiler_input_flags",
    "compiler_output_flags",
]
_LINK_IMPLIES = [
    "linkstamps",
    "output_execpath_flags",
    "library_search_directories",
    "libraries_to_link",
    "force_pic_flags",
    "user_link_flags",
    "legacy_link_flags",
    "linker_param_file",
    "fission_support",
    "sysroot",
]
_SANITIZERS = ["asan", "ubsan", "tsan", "fuzzer", "fuzzer_main"]

def _flags(actions, flags, with_features = []):
    if not flags:
        return []
    return [flag_set(actions = actions, flag_groups = [flag_group(flags = flags)], with_features = with_features)]

def _each(option, values):
    return [word for value in values for word in (option, value)]

def _actions(ctx):
    compiler = tool(tool = ctx.file.compiler)
    assembler = tool(tool = ctx.file.assembler or ctx.file.compiler)
    actions = [
        action_config(action_name = name, tools = [assembler if name == ACTION_NAMES.preprocess_assemble else compiler], implies = _COMPILE_IMPLIES, flag_sets = [])
        for name in _COMPILE
        if name != ACTION_NAMES.cpp_header_parsing
    ]
    actions.append(action_config(
        action_name = ACTION_NAMES.cpp_header_parsing,
        tools = [compiler],
        implies = _COMPILE_IMPLIES,
        # A header is compiled as if it were a source file of its own; what comes out is all but empty.
        flag_sets = [flag_set(flag_groups = [flag_group(flags = ["-xc++", "-Wno-pragma-once-outside-header"])])],
    ))
    actions += [
        action_config(
            action_name = name,
            tools = [compiler],
            implies = _LINK_IMPLIES + ([] if name == ACTION_NAMES.cpp_link_executable else ["shared_flag"]),
        )
        for name in _LINK
    ]
    actions.append(action_config(
        action_name = ACTION_NAMES.cpp_link_static_library,
        tools = [tool(tool = ctx.file.archiver)],
        implies = ["archiver_flags", "linker_param_file"],
    ))
    actions.append(action_config(
        action_name = ACTION_NAMES.strip,
        tools = [tool(tool = ctx.file.strip)],
        flag_sets = [flag_set(flag_groups = [
            flag_group(flags = ["-S", "-o", "%{output_file}"]),
            flag_group(flags = ["%{stripopts}"], iterate_over = "stripopts"),
            flag_group(flags = ["%{input_file}"]),
        ])],
    ))
    return actions

def _layering_features():
    actions = [ACTION_NAMES.c_compile, ACTION_NAMES.cpp_compile, ACTION_NAMES.cpp_header_parsing]
    return [
        feature(name = "module_maps", enabled = True),
        feature(
            name = "module_map_home_cwd",
            enabled = True,
            flag_sets = _flags(actions, ["-Xclang", "-fmodule-map-file-home-is-cwd"], [
                with_feature_set(features = ["layering_check"]),
            ]),
        ),
        feature(
            name = "use_module_maps",
            requires = [feature_set(features = ["module_maps"])],
            flag_sets = _flags(actions, ["-fmodule-name=%{module_name}", "-fmodule-map-file=%{module_map_file}"]),
        ),
        feature(
            name = "layering_check",
            implies = ["use_module_maps"],
            flag_sets = [flag_set(actions = actions, flag_groups = [
                flag_group(flags = ["-fmodules-strict-decluse", "-Wprivate-header"]),
                flag_group(
                    iterate_over = "dependent_module_map_files",
                    flags = ["-fmodule-map-file=%{dependent_module_map_files}"],
                ),
            ])],
        ),
    ]

def _sanitizer(name, compile, link, **kwargs):
    return feature(name = name, flag_sets = _flags(_COMPILE, compile) + _flags(_LINK, link), **kwargs)

def _sanitizer_features():
    return [
        # ESC_DEBUG turns on the checks that cost too much for production (lock ranks, walks): in every sanitized test.
        _sanitizer("asan", ["-fsanitize=address", "-O1", "-DESC_DEBUG"], ["-fsanitize=address"], provides = ["memory checker"]),
        _sanitizer("tsan", ["-fsanitize=thread", "-O1", "-DESC_DEBUG"], ["-fsanitize=thread"], provides = ["memory checker"]),
        # vptr needs RTTI, which kernel code has not; function does not know of code that was compiled without it.
        _sanitizer(
            "ubsan",
            ["-fsanitize=undefined", "-fno-sanitize=vptr,function", "-fno-sanitize-recover=all"],
            ["-fsanitize=undefined"],
        ),
        # Coverage for the fuzzer in all code (--config=fuzz), and the fuzzer's main function in one target (cc_fuzz_test).
        _sanitizer("fuzzer", ["-fsanitize=fuzzer-no-link"], []),
        _sanitizer("fuzzer_main", ["-fsanitize=fuzzer-no-link"], ["-fsanitize=fuzzer"]),
    ]

def _features(flags, linker):
    target = ["--target=" + flags.target]
    static = [with_feature_set(not_features = _SANITIZERS)]
    sanitized = [with_feature_set(features = [name]) for name in _SANITIZERS]
    features = [
        feature(name = "static_linking_mode"),
        feature(name = "supports_start_end_lib", enabled = True),
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        feature(name = "opt"),
        feature(
            name = "default_flags",
            enabled = True,
            flag_sets = _flags(_COMPILE, target + flags.compile) +
                        _flags(_C, flags.c) +
                        _flags(_CXX, flags.cxx + _each("-isystem", flags.cxx_includes)) +
                        _flags(_COMPILE, _each("-isystem", flags.c_includes)) +
                        _flags(_COMPILE, flags.default_optimization, [with_feature_set(not_features = ["opt", "dbg"])]) +
                        _flags(_COMPILE, flags.opt, [with_feature_set(features = ["opt"])]) +
                        _flags(_COMPILE, ["-O0" if flags.sanitizers else "-Og", "-DESC_DEBUG"], [with_feature_set(features = ["dbg"])]),
        ),
        feature(
            name = "default_link_flags",
            enabled = True,
            flag_sets = _flags(_LINK, ["-no-canonical-prefixes", "--ld-path=" + linker.path] + flags.link) +
                        (_flags(_LINK, ["-static"], static) + _flags(_LINK, ["-no-pie"], sanitized) if flags.sanitizers else []),
        ),
        # For our own code: see REPO.bazel. Third parties' headers are system headers, where nothing is warned of.
        feature(
            name = "strict_warnings",
            flag_sets = _flags(_COMPILE, [
                "-Wall",
                "-Wextra",
                "-Werror",
                "-Wthread-safety",
                "-Werror=thread-safety",
                "-Wno-unused-parameter",
                "-Wno-missing-field-initializers",
            ]) + _flags(_CXX, ["-Wexit-time-destructors", "-Wglobal-constructors"], [with_feature_set(features = ["freestanding"])]),
        ),
        # Bazel's own would drop the lines that backtraces are made of; `strip` is for those who want less.
        feature(name = "strip_debug_symbols"),
        feature(name = "freestanding", enabled = flags.libc == "none"),
    ]
    if flags.inlining_link:
        # For code that every system call or switch runs through: docs/adr/0007. The linker takes bitcode as it takes objects.
        features.append(feature(
            name = "hot_path",
            flag_sets = _flags([ACTION_NAMES.c_compile, ACTION_NAMES.cpp_compile], ["-flto=thin"], [with_feature_set(not_features = ["dbg"])]),
        ))
    if flags.sanitizers:
        features += _sanitizer_features()
    features += _layering_features()

    # Last on the command line.
    features.append(feature(
        name = "runtime_libraries",
        enabled = True,
        flag_sets = _flags(_LINK, flags.link_last),
    ))
    return features

def _clang_config_impl(ctx):
    flags = _FLAGS[ctx.attr.target]
    features = _features(flags, ctx.file.linker)
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        toolchain_identifier = "escapement-clang-" + ctx.attr.target,
        compiler = "clang",
        target_system_name = flags.target,
        target_cpu = "k8",
        target_libc = flags.libc,
        abi_version = "unknown",
        abi_libc_version = "unknown",
        host_system_name = "local",
        action_configs = _actions(ctx),
        features = features,
        cxx_builtin_include_directories = ["%workspace%/" + folder for folder in flags.cxx_includes + flags.c_includes],
    )

clang_config = rule(
    implementation = _clang_config_impl,
    attrs = {
        "target": attr.string(values = _FLAGS.keys(), mandatory = True),
        "compiler": attr.label(default = "@escapement_llvm//:launch/clang", allow_single_file = True),
        "assembler": attr.label(allow_single_file = True),
        "linker": attr.label(default = "@escapement_llvm//:launch/ld.lld", allow_single_file = True),
        "archiver": attr.label(default = "@escapement_llvm//:launch/llvm-ar", allow_single_file = True),
        "strip": attr.label(default = "@escapement_llvm//:launch/llvm-strip", allow_single_file = True),
    },
    provides = [CcToolchainConfigInfo],
)

def _system_module_map_impl(ctx):
    commands = ["echo 'module \"crosstool\" [system] {'"]
    if ctx.attr.allowed_folder:
        for name in ctx.attr.allowed:
            commands.append("echo '  textual header \"%s/%s\"'" % (ctx.attr.allowed_folder, name))
    else:
        # Each list names the headers of its repository, by paths from that repository's root.
        for index in ctx.files.indices:
            commands.append("sed 's|.*|  textual header \"%s/&\"|' %s" % (index.dirname, index.path))
    commands.append("echo '}'")
    ctx.actions.run_shell(
        inputs = ctx.files.indices,
        outputs = [ctx.outputs.out],
        command = "{ %s; } > %s" % (" && ".join(commands), ctx.outputs.out.path),
        mnemonic = "SystemModuleMap",
    )

system_module_map = rule(
    implementation = _system_module_map_impl,
    attrs = {
        "indices": attr.label_list(allow_files = True, doc = "Lists of headers: see header_folders in debian.bzl."),
        "allowed": attr.string_list(doc = "If not all of those: the ones that may be included ..."),
        "allowed_folder": attr.string(doc = "... and where they lie."),
        "out": attr.output(mandatory = True),
    },
    doc = "The module of the system headers that code may include, for layering_check: paths are relative to the folder of execution.",
)

def clang_toolchain(name, flags, headers, libraries, target_compatible_with, own_headers = [], assembler = None):
    """The targets of one toolchain: NAME_toolchain is what is registered.

    Args:
      name: a key of _FLAGS.
      flags: of flags.bzl; given so that a reader sees where to look.
      headers: repositories with the file groups `headers` and `headers.index`, which compile actions need.
      libraries: file groups that link actions need besides.
      target_compatible_with: constraints of what it builds for.
      own_headers: headers of this package that go before those of the repositories.
      assembler: program for .S files; the compiler when absent.
    """
    if flags != _FLAGS[name]:
        fail("toolchain %s has the flags of another" % name)
    clang_config(name = name + "_config", target = name, assembler = assembler)
    system_module_map(
        name = name + "_module_map",
        out = name + ".modulemap",
        allowed = flags.standard_headers,
        allowed_folder = flags.cxx_includes[-1] if flags.standard_headers else None,
        indices = [repository + "//:headers.index" for repository in headers],
    )
    assemblers = [assembler] if assembler else []
    groups = {
        "ar": ["@escapement_llvm//:llvm-ar_files"],
        "compile": own_headers + assemblers + [repository + "//:headers" for repository in headers] +
                   ["@escapement_llvm//:compiler", ":" + name + ".modulemap"],
        "link": libraries + ["@escapement_llvm//:compiler", "@escapement_llvm//:linker"],
        "strip": ["@escapement_llvm//:llvm-strip_files"],
        "objcopy": ["@escapement_llvm//:llvm-objcopy_files"],
    }
    for group, files in groups.items():
        native.filegroup(name = "%s_%s_files" % (name, group), srcs = files)
    native.filegroup(
        name = name + "_all_files",
        srcs = ["%s_%s_files" % (name, group) for group in groups],
    )
    native.cc_toolchain(
        name = name + "_cc",
        all_files = name + "_all_files",
        ar_files = name + "_ar_files",
        as_files = name + "_compile_files",
        compiler_files = name + "_compile_files",
        dwp_files = name + "_ar_files",
        linker_files = name + "_link_files",
        module_map = name + ".modulemap",
        objcopy_files = name + "_objcopy_files",
        strip_files = name + "_strip_files",
        supports_header_parsing = True,
        supports_param_files = True,
        toolchain_config = name + "_config",
    )
    native.toolchain(
        name = name + "_toolchain",
        exec_compatible_with = [
            "@platforms//cpu:x86_64",
            "@platforms//os:linux",
        ],
        target_compatible_with = target_compatible_with,
        toolchain = name + "_cc",
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
    )
