"""Repositories made from Debian packages.

A lock file names each package with its version and SHA-256; `fetch.sh` has the machine's package client bring them,
and `unpack.sh` verifies and unpacks them into one tree. See tools/deps/README.md.
"""

_LAUNCHER = """#!/bin/bash
# Runs {program} by this tree's own dynamic loader and libraries, so that it needs nothing of the machine it is on.
self=${{BASH_SOURCE[0]}}
for root in "$self.runfiles/{repository}" "${{self%/*}}" "${{self%/*}}/.." "${{RUNFILES_DIR:-}}/{repository}"; do
  [[ -e $root/{loader} ]] && break
done
root=${{root%/launch/..}}
unset LD_LIBRARY_PATH LD_PRELOAD
{setup}exec "$root/{loader}" --inhibit-cache --library-path "{library_path}" --argv0 "$root/{program}" "$root/{program}" {arguments}"$@"
"""

_LOADER = "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"

def _run(ctx, command, doing):
    result = ctx.execute(command, timeout = 1800, quiet = False)
    if result.return_code != 0:
        fail("\n%s: %s failed:\n%s%s" % (ctx.name, doing, result.stdout, result.stderr))

def _launcher(ctx, name, program):
    ctx.file(
        "launch/" + name,
        _LAUNCHER.format(
            repository = ctx.name,
            loader = _LOADER,
            program = program,
            library_path = ":".join(["$root/" + folder for folder in ctx.attr.library_path]),
            arguments = "".join([argument + " " for argument in ctx.attr.arguments]),
            setup = "".join([line + "\n" for line in ctx.attr.setup]),
        ),
        executable = True,
    )

def _debian_repository_impl(ctx):
    lock = ctx.path(ctx.attr.lock)
    unpack = ctx.path(Label("//tools/deps:unpack.sh"))
    ctx.path(Label("//tools/deps:fetch.sh"))  # a change of it makes the repository anew
    build_file = ctx.path(ctx.attr.build_file)
    command = ["bash", unpack, "--lock", lock, "--out", ctx.path(".")]
    for pattern in ctx.attr.exclude:
        command += ["--exclude", pattern]
    ctx.report_progress("fetching and unpacking packages")
    _run(ctx, command, "fetching and unpacking packages")
    for name, program in ctx.attr.programs.items():
        _launcher(ctx, name, program)
    for path in ctx.attr.remove:
        ctx.delete(path)
    if ctx.attr.header_folders:
        _run(ctx, ["bash", "-c", 'find "$@" \\( -type f -o -xtype f \\) | LC_ALL=C sort > headers.index', "bash"] +
                  ctx.attr.header_folders, "listing headers")
    ctx.file("WORKSPACE", "")
    for target, source in ctx.attr.files.items():
        ctx.file(target, ctx.read(Label(source)), executable = target.endswith(".sh"))
    ctx.file("BUILD.bazel", ctx.read(build_file))

debian_repository = repository_rule(
    implementation = _debian_repository_impl,
    attrs = {
        "lock": attr.label(mandatory = True, allow_single_file = True, doc = "Packages, versions and hashes."),
        "build_file": attr.label(mandatory = True, allow_single_file = True, doc = "Becomes the BUILD file of the root."),
        "files": attr.string_dict(doc = "Further files: path in the repository -> label of the source."),
        "remove": attr.string_list(doc = "Files and folders of the packages that are not wanted."),
        "exclude": attr.string_list(doc = "tar patterns that are not unpacked, such as './usr/share/x'."),
        "programs": attr.string_dict(doc = "launch/NAME is made for each: NAME -> path of the program in the tree."),
        "arguments": attr.string_list(doc = "Arguments that each launcher puts first; may use $root."),
        "setup": attr.string_list(doc = "Lines of bash that each launcher runs first; may use $root."),
        "header_folders": attr.string_list(doc = "Folders whose files are listed in headers.index, for a module map."),
        "library_path": attr.string_list(default = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"]),
    },
    doc = "A repository that is the tree of some unpacked Debian packages.",
)

def _repository_view_impl(ctx):
    root = ctx.path(ctx.attr.of).dirname.get_child(ctx.attr.path) if ctx.attr.path else ctx.path(ctx.attr.of).dirname
    for child in root.readdir():
        ctx.symlink(child, child.basename)

repository_view = repository_rule(
    implementation = _repository_view_impl,
    attrs = {
        "of": attr.label(mandatory = True, doc = "A file in the root of the repository that holds the folder."),
        "path": attr.string(doc = "The folder in it that is the root of this repository."),
    },
    doc = "A folder of another repository as a repository of its own.",
)
