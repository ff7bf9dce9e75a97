"""The providers that the rules of Escapement hand to each other."""

SchedulerPluginInfo = provider(
    doc = "A scheduler plugin that an image can link: what kernel_image() needs to put it into the plugin table.",
    fields = {
        "name": "The name by which a boot config chooses the plugin, e.g. `round_robin`.",
        "descriptor_symbol": "Qualified C++ name of the plugin's descriptor, e.g. `esc::sched::round_robin::kDescriptor`.",
        "header": "Header that declares the descriptor, as #include spells it from the repository's root.",
        "descriptor_sets": "Depset of Files: the FileDescriptorSets that define the plugin's parameter message, with their imports; empty when it takes no parameters.",
    },
)

BootConfigInfo = provider(
    doc = "A boot config that was validated at build time.",
    fields = {
        "binary": "File: the config as binary protobuf, as the kernel reads it.",
        "text": "File: the same config as text.",
        "schedulers": "Tuple of the names of the plugins that the config may refer to.",
    },
)

InitramfsInfo = provider(
    doc = "An initramfs.",
    fields = {
        "archive": "File: the cpio (newc) archive.",
    },
)

KernelImageInfo = provider(
    doc = "A kernel with all that is needed to boot it, directly or from an ISO.",
    fields = {
        "elf": "File: the kernel with debug information.",
        "elf_stripped": "File: the same kernel without it; what is booted.",
        "iso": "File: the hybrid ISO.",
        "boot_config": "File: the binary boot config that the image is run with.",
        "default_config": "File: the binary boot config that is built into the ELF.",
        "initramfs": "File: the initramfs that the image is run with, or None.",
        "schedulers": "Tuple of the names of the plugins that are linked in.",
        "cmdline": "String: the kernel command line that the image is run with.",
    },
)
