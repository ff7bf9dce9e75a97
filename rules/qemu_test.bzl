"""qemu_test(): boots an image in QEMU and judges how it ended and what it wrote.

    qemu_test(
        name = "fork_test",
        image = "//:kernel",
        init = "/bin/fork_test",
        initramfs = ":fork_test_initramfs",
        expect = ["all tests passed"],
        exit_code = 0,
    )

The test runs in the sandbox: no network, no KVM, no privileges. Nothing is judged by wall time; Bazel's own time limit of the
test is the time limit of the run.
"""

load(":iso.bzl", "ISO_ATTRS", "write_iso")
load(":providers.bzl", "BootConfigInfo", "KernelImageInfo")
load(":qemu_launcher.bzl", "QEMU_ATTRS", "qemu_launcher")

# Of init, of a boot that the kernel refuses (120), and of a panic (127).
_MAX_EXIT_CODE = 255

# A little less than Bazel's limit, so that the runner can say what was the matter.
_SETUP = ["limit=$(( ${TEST_TIMEOUT:-300} - 5 ))"]

def _check_expectations(ctx):
    if not ctx.attr.expect and not ctx.attr.has_exit_code:
        fail("%s expects nothing: give `expect` or `exit_code`, or it passes whatever happens" % ctx.label)
    if ctx.attr.exit_code < 0 or ctx.attr.exit_code > _MAX_EXIT_CODE:
        fail("%s: exit_code %d is not between 0 and %d" % (ctx.label, ctx.attr.exit_code, _MAX_EXIT_CODE))
    if "" in ctx.attr.expect + ctx.attr.forbid:
        fail("%s: an empty text is in every output" % ctx.label)

def _cmdline(ctx, image):
    """The command line of an ISO: as run_qemu composes it for a direct boot."""
    words, _, arguments = image.cmdline.partition(" -- ")
    words = [words] if words else []
    if ctx.attr.append:
        words.append(ctx.attr.append)
    if ctx.attr.init:
        words.append("init=" + ctx.attr.init)
    if ctx.attr.init or ctx.attr.init_arguments:
        arguments = " ".join(ctx.attr.init_arguments)
    if arguments:
        words += ["--", arguments]
    return " ".join(words)

def _direct(image, config, initramfs, attr):
    files = {"image_kernel": image.elf_stripped}
    if config:
        files["boot_config"] = config
    if initramfs:
        files["image_initrd"] = initramfs
    arguments = ["--image_cmdline=" + image.cmdline]
    if attr.append:
        arguments.append("--append=" + attr.append)
    if attr.init:
        arguments.append("--init=" + attr.init)
    return files, arguments

def _qemu_test_impl(ctx):
    _check_expectations(ctx)
    image = ctx.attr.image[KernelImageInfo]
    config = ctx.attr.boot_config[BootConfigInfo].binary if ctx.attr.boot_config else image.boot_config
    if ctx.attr.without_boot_config:
        config = None
    initramfs = None if ctx.attr.without_initramfs else ctx.file.initramfs or image.initramfs
    arguments = ["--expect_exit=%d" % ctx.attr.exit_code, "--smp=%d" % ctx.attr.smp, "--memory=" + ctx.attr.memory]
    arguments += ["--expect=" + text for text in ctx.attr.expect]
    arguments += ["--forbid=" + text for text in ctx.attr.forbid]
    arguments += ["--qemu_arg=" + word for word in ctx.attr.qemu_args]
    if ctx.attr.icount:
        arguments.append("--icount")
    init_arguments = []
    if ctx.attr.boot == "pvh":
        files, more = _direct(image, config, initramfs, ctx.attr)
        init_arguments = ctx.attr.init_arguments
        arguments += more
    else:
        iso = ctx.actions.declare_file(ctx.label.name + ".iso")
        write_iso(ctx, iso, image.elf_stripped, config, initramfs, _cmdline(ctx, image))
        files = {"iso": iso}
        if ctx.attr.boot == "uefi":
            arguments.append("--uefi")
        if ctx.attr.medium == "disk":
            arguments.append("--disk")
    if ctx.file.input:
        files["input"] = ctx.file.input
        arguments.append("--input_after=" + ctx.attr.input_after)
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    runfiles = qemu_launcher(
        ctx,
        script,
        arguments = arguments,
        files = files,
        init_arguments = init_arguments,
        setup = _SETUP,
        unquoted_arguments = ['--timeout="$limit"'],
    )
    return [DefaultInfo(executable = script, runfiles = runfiles)]

_qemu_test = rule(
    implementation = _qemu_test_impl,
    attrs = dict(
        dict(ISO_ATTRS, **QEMU_ATTRS),
        image = attr.label(providers = [KernelImageInfo], mandatory = True),
        boot = attr.string(values = ["pvh", "bios", "uefi"], default = "pvh"),
        medium = attr.string(values = ["cd", "disk"], default = "cd"),
        boot_config = attr.label(providers = [BootConfigInfo]),
        without_boot_config = attr.bool(),
        initramfs = attr.label(allow_single_file = True),
        without_initramfs = attr.bool(),
        append = attr.string(),
        init = attr.string(),
        init_arguments = attr.string_list(),
        input = attr.label(allow_single_file = True),
        input_after = attr.string(),
        expect = attr.string_list(),
        forbid = attr.string_list(),
        exit_code = attr.int(),
        has_exit_code = attr.bool(),
        smp = attr.int(default = 1),
        memory = attr.string(default = "256M"),
        icount = attr.bool(),
        qemu_args = attr.string_list(),
    ),
    test = True,
)

def qemu_test(name, image, exit_code = None, args = [], size = "medium", **kwargs):
    """A test that boots an image.

    Args:
      name: of the test.
      image: kernel_image() target.
      exit_code: what the guest must end with: the code of init, 127 for a panic. 0 when only texts are expected.
      args: arguments of init.
      size: as for any test; it sets the time limit.
      **kwargs: boot: "pvh" (direct, the default), "bios" or "uefi" (by an ISO of the test's own); medium: "cd" or "disk";
        boot_config, initramfs: other ones than the image's; without_boot_config, without_initramfs: True to boot without any; append: further
        words of the kernel command line; init: path of the init program; input, input_after: a file that is typed on the
        console when a text has come; expect, forbid: texts that the serial output must and must not hold;
        smp, memory, icount: of the machine; qemu_args: further words for QEMU, such as another -cpu, of which the last one
        counts; and what all tests have: timeout, tags, visibility ...
    """
    _qemu_test(
        name = name,
        image = image,
        exit_code = exit_code or 0,
        has_exit_code = exit_code != None,
        init_arguments = args,
        size = size,
        **kwargs
    )
