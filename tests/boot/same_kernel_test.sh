#!/bin/bash
# same_kernel_test.sh XORRISO ISO ISO: the ISOs of two boot configs hold the same kernel, bit by bit, and two configs.
set -eu
xorriso=$1 work=$(mktemp -d "$TEST_TMPDIR/iso.XXXXXX")

# extract ISO NAME: the folder of the kernel, as $work/NAME.
extract() {
  "$xorriso" -osirrox on -indev "$1" -extract /boot "$work/$2" 2> "$work/log" || { cat "$work/log"; exit 1; }
  chmod -R u+w "$work/$2"
}
digest() { sha256sum < "$work/$1"; }

extract "$2" one
extract "$3" two
(cd "$work" && find one two -type f | sort)
if [[ $(digest one/kernel.elf) != "$(digest two/kernel.elf)" ]]; then
  echo 'FAILED: the kernels differ'
  exit 1
fi
if [[ $(digest one/boot_config.binpb) == "$(digest two/boot_config.binpb)" ]]; then
  echo 'FAILED: the boot configs are the same'
  exit 1
fi
