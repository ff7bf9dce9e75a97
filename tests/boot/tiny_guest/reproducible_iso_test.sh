#!/bin/bash
# reproducible_iso_test.sh KERNEL BOOT_CONFIG INITRAMFS WRITE_ISO FLAGS...: the ISO is the same bits whatever the time zone,
# locale, umask, names, modes and dates of the inputs, environment and time are.
set -eu
kernel=$1 config=$2 initramfs=$3 write_iso=$4
shift 4
work=$TEST_TMPDIR

"$write_iso" "$@" --kernel="$kernel" --boot_config="$config" --initramfs="$initramfs" --cmdline="a b" --output="$work/one.iso"

mkdir -p "$work/a folder with spaces"
cp "$kernel" "$work/a folder with spaces/k"
cp "$config" "$work/a folder with spaces/c"
cp "$initramfs" "$work/a folder with spaces/i"
chmod 755 "$work/a folder with spaces/i"
touch -d '1999-12-31 23:59:59' "$work/a folder with spaces/c"
sleep 2.1 # FAT counts in steps of two seconds.
(
  umask 077
  export TZ=Asia/Kolkata LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 HOME=/nonexistent SOURCE_DATE_EPOCH=1 TMPDIR="$work/a folder with spaces" USER=somebody
  "$write_iso" "$@" --kernel="$work/a folder with spaces/k" --boot_config="$work/a folder with spaces/c" \
    --initramfs="$work/a folder with spaces/i" --cmdline="a b" --output="$work/a folder with spaces/two.iso"
)
cmp "$work/one.iso" "$work/a folder with spaces/two.iso"

# The comparison means something: another command line makes another image.
"$write_iso" "$@" --kernel="$kernel" --boot_config="$config" --initramfs="$initramfs" --cmdline="a c" --output="$work/three.iso"
if cmp -s "$work/one.iso" "$work/three.iso"; then
  echo "two command lines made the same image"
  exit 1
fi
size=$(stat -c %s "$work/one.iso")
if ((size < 1000000)); then
  echo "the image has only $size bytes"
  exit 1
fi
echo "identical: $(sha256sum < "$work/one.iso")"
