#!/bin/bash
# power_off_test.sh QEMU KERNEL INITRD: without QEMU's exit device, ACPI alone switches a machine off: by PM1 control, or by the sleep
# control register of hardware-reduced ACPI (microvm). A machine that stays on says that it halts, and fails here.
set -u
qemu=$1 kernel=$2 initrd=$3
failures=0

for machine in pc q35 microvm; do
  log=$TEST_TMPDIR/$machine.log
  : > "$log"
  "$qemu" -M "$machine" -accel tcg -cpu max -m 256 -nodefaults -no-user-config -display none -no-reboot -serial "file:$log" \
    -kernel "$kernel" -initrd "$initrd" -append 'console=ttyS0 init=/hello' < /dev/null &
  pid=$!
  # Either end comes by itself.
  while kill -0 "$pid" 2> /dev/null && ! grep -q 'escapement: halted' "$log"; do sleep 0.2; done
  kill "$pid" 2> /dev/null
  wait "$pid"
  status=$?
  if [[ $status -ne 0 ]] || ! grep -q 'init exited with status 42' "$log" || grep -q 'escapement: halted' "$log"; then
    printf 'FAILED: %s ends with %s; its console:\n' "$machine" "$status"
    cat "$log"
    failures=$((failures + 1))
  fi
done

((failures == 0)) || exit 1
echo 'each machine has switched itself off'
