#!/bin/bash
# refused_config_test.sh RUN_QEMU QEMU KERNEL INITRD CONFIG: a boot config that is none is refused in one line, and nothing runs.
set -u
bytes=$(stat -L -c %s "$5")
exec "$1" --qemu="$2" --kernel="$3" --initrd="$4" --boot_config="$5" --timeout=50 --expect_exit=120 --forbid=panic \
  --expect="escapement: cannot boot: boot config (initramfs): boot config: its $bytes bytes do not end in a checksum" < /dev/null
