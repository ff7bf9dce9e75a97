"""initramfs(): a cpio archive from files, which may be user programs built for the kernel.

    initramfs(
        name = "demo_initramfs",
        files = {
            ":demo.sh": "/init",
            "@busybox//:busybox": "/bin/busybox",
            "//user/hello": "/bin/hello",
        },
        dirs = {"/tmp": "1777"},
        symlinks = {"/bin/sh": "busybox"},
        nodes = {"/dev/console": "600 c 5 1"},
    )
"""

load(":providers.bzl", "InitramfsInfo")
load(":transitions.bzl", "user_program_transition")

_ESCAPED = {"\\": "\\134", " ": "\\040", "\t": "\\011", "\n": "\\012", "#": "\\043"}

def _escape(text):
    """Writes a field of a manifest as tools/initramfs/manifest.h states."""
    return "".join([_ESCAPED.get(char, char) for char in text.elems()])

def _default_mode(target, path):
    """Programs can be run: targets that Bazel can run, files in a folder for programs, and /init."""
    folder = path.rpartition("/")[0].rpartition("/")[2]
    is_program = target[DefaultInfo].files_to_run.executable or folder in ["bin", "sbin"] or path == "/init"
    return "755" if is_program else "644"

def _source(target, path):
    executable = target[DefaultInfo].files_to_run.executable
    if executable:
        return executable
    files = target[DefaultInfo].files.to_list()
    if len(files) != 1:
        fail("%s makes %d files, but %s can hold only one" % (target.label, len(files), path))
    return files[0]

def _initramfs_impl(ctx):
    modes = dict(ctx.attr.modes)
    lines, sources = [], []
    for target, paths in ctx.attr.files.items():
        for path in paths.split(" "):
            source = _source(target, path)
            sources.append(source)
            lines.append(["file", path, modes.pop(path, _default_mode(target, path)), source.path])
    for path in modes:
        fail("modes names %s, which is not a path in files" % path)
    lines += [["dir", path, mode] for path, mode in ctx.attr.dirs.items()]
    lines += [["symlink", path, to] for path, to in ctx.attr.symlinks.items()]
    manifest = ctx.actions.declare_file(ctx.label.name + ".manifest")
    text = ["%s\n" % " ".join([_escape(field) for field in line]) for line in lines]
    text += ["node %s %s\n" % (_escape(path), node) for path, node in ctx.attr.nodes.items()]
    ctx.actions.write(manifest, "".join(text))

    archive = ctx.actions.declare_file(ctx.label.name + ".cpio")
    arguments = ctx.actions.args()
    arguments.add(manifest, format = "--manifest=%s")
    arguments.add(archive, format = "--output=%s")
    ctx.actions.run(
        executable = ctx.executable._make_initramfs,
        arguments = [arguments],
        inputs = [manifest] + sources,
        outputs = [archive],
        mnemonic = "Initramfs",
        progress_message = "Packing initramfs %{label}",
    )
    return [DefaultInfo(files = depset([archive])), InitramfsInfo(archive = archive)]

initramfs = rule(
    implementation = _initramfs_impl,
    attrs = {
        "files": attr.label_keyed_string_dict(
            allow_files = True,
            cfg = user_program_transition,
            doc = "File or program -> its absolute path; several paths are separated by a space. Programs are built for //platforms:linux_static.",
        ),
        "modes": attr.string_dict(doc = "Path -> permission bits in octal. Else 755 for programs and 644 for other files."),
        "dirs": attr.string_dict(doc = "Path -> permission bits, for folders that are empty or not of mode 755."),
        "symlinks": attr.string_dict(doc = "Path -> where it points to."),
        "nodes": attr.string_dict(doc = "Path of a device -> `MODE b|c MAJOR MINOR`."),
        "_make_initramfs": attr.label(default = Label("//tools/initramfs:make_initramfs"), executable = True, cfg = "exec"),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
    doc = "A cpio archive (newc), the same bits from the same inputs.",
)
