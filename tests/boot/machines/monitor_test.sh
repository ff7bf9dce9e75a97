#!/bin/bash
# monitor_test.sh RUN_QEMU QEMU KERNEL INITRD: NMIs and a machine check, which QEMU's monitor raises, while user code runs.
source tests/boot/console.sh || exit

await '# '
type_keys 'echo bu""sy; while :; do :; done\r'
await $'busy\r\n'
# Ctrl-A C goes to the monitor and back.
type_keys '\001c'
await '(qemu)'
for _ in 1 2 3; do
  type_keys 'nmi\r'
  await 'non-maskable interrupt on CPU 0, ignored'
done
# An uncorrected error of bank 1, with its address: SDM vol. 3B, 15.3.2.2.
type_keys 'mce 0 1 0xbd00000000000134 0x4 0x12345000 0x8c\r'
await 'panic: machine check: bank 1, status bd00000000000134, address 12345000'
await 'backtrace:'
wait "$machine"
status=$?
[[ $status -eq 127 ]] || fail "the exit code is $status, not 127"
echo 'three NMIs were survived, and the machine check was told'
