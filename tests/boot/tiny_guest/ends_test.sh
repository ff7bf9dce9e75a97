#!/bin/bash
# ends_test.sh RUN_QEMU QEMU GUEST: each way in which a run can end gives its own exit code and message.
set -u
run_qemu=$1 qemu=$2 guest=$3
failures=0

# check CODE TEXT FLAGS...
check() {
  local code=$1 text=$2 output status
  shift 2
  output=$("$run_qemu" --qemu="$qemu" --kernel="$guest" --timeout=50 "$@" 2>&1 </dev/null)
  status=$?
  if [[ $status -ne $code || $output != *"$text"* ]]; then
    printf 'FAILED: %s\n  exit code %s, not %s, or no "%s" in:\n%s\n' "$*" "$status" "$code" "$text" "$output"
    failures=$((failures + 1))
  fi
}

check 0 "command line: 0" --append=0
check 9 "command line: 9" --append=9
check 0 "command line: o" --append=o
check 127 "the kernel panicked" --append=p
check 126 "the guest died of a triple fault" --append=t
check 124 "time limit of 2 s reached; the last lines of its serial output:" --append=h --timeout=2
check 123 "missing in the serial output: absent" --append=0 --expect=tiny --expect=absent
check 123 "must not be in the serial output: tiny" --append=0 --forbid=tiny
check 123 "exit code 0, not 1" --append=0 --expect_exit=1
check 0 "tiny guest" --append=9 --expect_exit=9 --expect="command line: 9"
check 126 "triple fault" --append=t --expect=tiny --expect_exit=0
check 125 "QEMU failed with status 1" --append=0 --qemu_arg=-nonsense
check 125 "QEMU failed with status 1" --kernel=/nonexistent
check 125 "Unknown command line flag 'smpp'" --smpp=2
check 125 "Illegal value 'many' specified for flag 'smp'" --smp=many
check 125 "--timeout=-5: must be seconds, or 0 for no limit" --timeout=-5
check 125 "--expect_exit=256: an exit code is 0 to 255" --expect_exit=256
check 0 "--timeout (Time limit in seconds" --help
check 125 "cannot run /nonexistent" --qemu=/nonexistent
check 125 "cannot open /nonexistent" --initrd=/nonexistent

if ((failures > 0)); then exit 1; fi
echo "all ends are told apart"
