"""compile_failure_test: that a target does not compile, and why.

The compile command is the very one that Bazel has for the target; it runs in an action that expects it to fail.
"""

CompileInfo = provider("Compile commands of a target.", fields = ["actions"])

def _aspect_impl(target, _ctx):
    return [CompileInfo(actions = [action for action in target.actions if action.mnemonic == "CppCompile"])]

_compile_aspect = aspect(implementation = _aspect_impl)

def _to_platform_impl(_settings, attr):
    return {"//command_line_option:platforms": [attr.platform]}

_to_platform = transition(
    implementation = _to_platform_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

def _compile_failure_test_impl(ctx):
    target = ctx.attr.target[0]
    actions = target[CompileInfo].actions
    if len(actions) != 1:
        fail("%s has %d compile commands, not one" % (target.label, len(actions)))
    log = ctx.actions.declare_file(ctx.label.name + ".log")
    headers = target[CcInfo].compilation_context.headers
    argv = [
        "/dev/null" if word.endswith((".o", ".d")) and not word.startswith("-") else word
        for word in actions[0].argv
    ]
    quoted = " ".join(["'%s'" % word.replace("'", "'\\''") for word in argv])
    ctx.actions.run_shell(
        inputs = depset(transitive = [actions[0].inputs, headers]),
        outputs = [log],
        command = "%s > %s 2>&1; echo \"exit code $?\" >> %s" % (quoted, log.path, log.path),
        mnemonic = "CompileToFail",
    )
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        "\n".join([
            "#!/bin/bash",
            "log=%s" % log.short_path,
            "cat \"$log\"",
            "grep -qx 'exit code 1' \"$log\" || { echo 'FAILED: it compiles' >&2; exit 1; }",
            "grep -qF -- '%s' \"$log\" || { echo 'FAILED: not for the reason that was expected' >&2; exit 1; }" % ctx.attr.error.replace("'", "'\\''"),
            "",
        ]),
        is_executable = True,
    )
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles([log]))]

compile_failure_test = rule(
    implementation = _compile_failure_test_impl,
    attrs = {
        "target": attr.label(mandatory = True, providers = [CcInfo], aspects = [_compile_aspect], cfg = _to_platform),
        "error": attr.string(mandatory = True, doc = "What the compiler must say."),
        "platform": attr.string(default = "@escapement//platforms:host"),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
    test = True,
)

def _built_for_impl(ctx):
    files = ctx.attr.target[0][DefaultInfo].files
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

built_for = rule(
    implementation = _built_for_impl,
    attrs = {
        "target": attr.label(mandatory = True, cfg = _to_platform),
        "platform": attr.string(mandatory = True),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
    doc = "The files of a target, built for another platform.",
)
