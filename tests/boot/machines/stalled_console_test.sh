#!/bin/bash
# stalled_console_test.sh QEMU KERNEL INITRD: a serial port that stops taking bytes for good does not stop the machine. The port's other
# end is a pipe that nobody reads: once it is full, QEMU's UART never says again that its transmitter is empty.
set -u
qemu=$1 kernel=$2 initrd=$3
pipe=$TEST_TMPDIR/pipe
mkfifo "$pipe"
exec {end}<> "$pipe"

"$qemu" -accel tcg -cpu max -m 256 -nodefaults -no-user-config -display none -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=0x04 \
  -chardev "pipe,id=port,path=$pipe" -serial chardev:port -kernel "$kernel" -initrd "$initrd" \
  -append 'console=ttyS0 init=/bin/busybox -- seq 60000' < /dev/null
status=$?
held=$(dd if="$pipe" iflag=nonblock bs=1M count=1 2> /dev/null | wc -c)
# What seq prints is over 300 KiB; a pipe holds up to 64 KiB (pipe(7)), less when its pages are not full.
if [[ $status -ne 1 || $held -lt 30000 || $held -gt 70000 ]]; then
  echo "FAILED: QEMU ends with $status, not 1 (init's 0); the pipe held $held bytes"
  exit 1
fi
echo "init came to its end, though the port had stopped after $held bytes"
