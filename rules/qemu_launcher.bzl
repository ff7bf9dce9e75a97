"""How rules start the QEMU runner: shared by kernel_image() and qemu_test()."""

_PROGRAMS = {
    "run_qemu": Label("//tools/qemu:run_qemu"),
    "qemu": Label("@qemu//:qemu-system-x86_64"),
}

_FIRMWARE = {
    "ovmf_code": Label("@ovmf//:OVMF_CODE.fd"),
    "ovmf_vars": Label("@ovmf//:OVMF_VARS.fd"),
}

# Attributes of a rule that calls qemu_launcher().
QEMU_ATTRS = dict(
    {"_" + name: attr.label(default = label, executable = True, cfg = "target") for name, label in _PROGRAMS.items()},
    **{"_" + name: attr.label(default = label, allow_single_file = True) for name, label in _FIRMWARE.items()}
)

# `bazel run` starts it in the runfiles, a test does so too, and a user may call it by its path from anywhere.
_SCRIPT = """#!/bin/bash
# {label}
set -eu
for runfiles in "$0.runfiles" "${{RUNFILES_DIR:-}}" "${{TEST_SRCDIR:-}}"; do
  [[ -e $runfiles/{run_qemu} ]] && break
done
[[ $runfiles == /* ]] || runfiles=$PWD/$runfiles
{setup}exec "$runfiles/{run_qemu}" {arguments} "$@"
"""

def _runfiles_path(ctx, file):
    path = file.short_path
    return path[3:] if path.startswith("../") else ctx.workspace_name + "/" + path

def _quote(word):
    return "'%s'" % word.replace("'", "'\\''")

def qemu_launcher(ctx, script, arguments = [], files = {}, init_arguments = [], setup = [], unquoted_arguments = []):
    """Writes a script that calls run_qemu with QEMU and the firmware of this workspace.

    Args:
      ctx: of a rule with QEMU_ATTRS.
      script: File to write.
      arguments: list of strings: flags of run_qemu.
      files: dict: name of a flag -> File.
      init_arguments: list of strings: the arguments of the guest's init.
      setup: list of lines of bash that go before.
      unquoted_arguments: list of flags as the shell is to see them, for what `setup` has found.

    Returns:
      The runfiles that the script needs.
    """
    programs = {name: getattr(ctx.executable, "_" + name) for name in _PROGRAMS}
    all_files = dict(
        {"qemu": programs["qemu"]},
        **{name: getattr(ctx.file, "_" + name) for name in _FIRMWARE}
    )
    all_files.update(files)
    words = ['--%s="$runfiles"/%s' % (name, _quote(_runfiles_path(ctx, file))) for name, file in all_files.items()]
    words += [_quote(argument) for argument in arguments] + unquoted_arguments

    # What the user adds stands before `--`, so that it cannot end up among the arguments of init.
    text = _SCRIPT.format(
        label = ctx.label,
        run_qemu = _runfiles_path(ctx, programs["run_qemu"]),
        setup = "".join([line + "\n" for line in setup]),
        arguments = " ".join(words),
    )
    if init_arguments:
        text = text.rstrip("\n") + " -- " + " ".join([_quote(argument) for argument in init_arguments]) + "\n"
    ctx.actions.write(script, text, is_executable = True)
    return ctx.runfiles(files = all_files.values()).merge_all(
        [getattr(ctx.attr, "_" + name)[DefaultInfo].default_runfiles for name in _PROGRAMS],
    )
