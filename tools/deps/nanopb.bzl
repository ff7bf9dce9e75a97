"""nanopb_proto_library: C code for a proto_library that runs where protobuf's own library cannot, such as in the kernel.

    nanopb_proto_library(name = "boot_config_nanopb", deps = [":boot_config_proto"])

gives a header for each direct source of `deps`, `#include "path/to/boot_config.nanopb.h"` for path/to/boot_config.proto. Bounds come from options in the .proto file
(`import "nanopb.proto";`, with @nanopb//:nanopb_proto among the proto_library's deps) or from `options`, a nanopb .options file.
"""

_EXTENSION = ".nanopb"

def _import_path(source, root):
    """What `import` says for a source file, given the proto_library's root of sources."""
    path = source.path
    if root and root != "." and path.startswith(root + "/"):
        return path.removeprefix(root + "/")
    return path

def _generate_impl(ctx):
    # A folder of its own for each target, so that headers are included by the paths that .proto files import each other by.
    folder = "_nanopb/" + ctx.attr.folder
    headers, sources = [], []
    for dep in ctx.attr.deps:
        info = dep[ProtoInfo]
        for source in info.direct_sources:
            path = _import_path(source, info.proto_source_root)
            stem = path.removesuffix(".proto") + _EXTENSION
            header = ctx.actions.declare_file("%s/%s.h" % (folder, stem))
            code = ctx.actions.declare_file("%s/%s.c" % (folder, stem))
            arguments = ctx.actions.args()
            arguments.add("--plugin=protoc-gen-nanopb=" + ctx.executable.plugin.path)
            arguments.add_joined("--descriptor_set_in", info.transitive_descriptor_sets, join_with = ":")
            arguments.add("--nanopb_opt=--extension=" + _EXTENSION)
            arguments.add("--nanopb_opt=--no-timestamp")
            arguments.add("--nanopb_opt=--quiet")
            if ctx.file.options:
                arguments.add("--nanopb_opt=--error-on-unmatched")
                arguments.add("--nanopb_opt=--options-file=" + ctx.file.options.path)
            arguments.add("--nanopb_out=" + header.path.removesuffix("/%s.h" % stem))
            arguments.add(path)
            ctx.actions.run(
                executable = ctx.executable.protoc,
                arguments = [arguments],
                tools = [ctx.attr.plugin[DefaultInfo].files_to_run],
                inputs = depset([ctx.file.options] if ctx.file.options else [], transitive = [info.transitive_descriptor_sets]),
                outputs = [header, code],
                mnemonic = "NanopbGenerate",
                progress_message = "Generating nanopb code of " + path,
            )
            headers.append(header)
            sources.append(code)
    return [
        DefaultInfo(files = depset(headers + sources)),
        OutputGroupInfo(headers = depset(headers), sources = depset(sources)),
    ]

_generate = rule(
    implementation = _generate_impl,
    attrs = {
        "deps": attr.label_list(providers = [ProtoInfo], mandatory = True),
        "folder": attr.string(mandatory = True),
        "options": attr.label(allow_single_file = [".options"]),
        "plugin": attr.label(default = "@nanopb//:protoc-gen-nanopb", executable = True, cfg = "exec"),
        "protoc": attr.label(default = "@escapement_protobuf//:protoc", executable = True, cfg = "exec"),
    },
)

def nanopb_proto_library(name, deps, options = None, nanopb_deps = [], **kwargs):
    """A cc_library of what nanopb makes of the direct sources of some proto_library targets.

    Args:
      name: of the cc_library.
      deps: proto_library targets; code is made for their own sources.
      options: a nanopb .options file.
      nanopb_deps: nanopb_proto_library targets of the .proto files that those of deps import.
      **kwargs: visibility and the like, for the cc_library.
    """
    _generate(name = name + "_generate", folder = name, deps = deps, options = options, visibility = ["//visibility:private"])
    for group in ["headers", "sources"]:
        native.filegroup(
            name = "%s_%s" % (name, group),
            srcs = [name + "_generate"],
            output_group = group,
            visibility = ["//visibility:private"],
        )
    native.cc_library(
        name = name,
        srcs = [name + "_sources"],
        hdrs = [name + "_headers"],
        features = ["-strict_warnings"],
        includes = ["_nanopb/" + name],
        deps = nanopb_deps + ["@nanopb"],
        **kwargs
    )
