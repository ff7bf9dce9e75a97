#!/bin/bash
# console_test.sh RUN_QEMU QEMU KERNEL INITRD: somebody types at the prompt, and waits for each answer before the next line.
source tests/boot/console.sh || exit

await '# '
type_keys 'echo h""i\r'
await $'hi\r\n'
await '# '
type_keys 'echo wrongg\177\177\177\177\177\177ri""ght\r'
await $'right\r\n'
await '# '

# The line discipline of the kernel erases too, for a program that does not edit by itself.
type_keys 'echo re""ady; cat\r'
await $'ready\r\n'
type_keys 'abcd\177\177xy\r'
await $'abxy\r\n'
type_keys '\004'
await '# '

# The program itself says that it is there: by then the terminal is its group's. What is typed between the shell's word and its fork would go
# to the shell alone, which keeps it until the job has ended, on Linux too.
type_keys 'sh -c "echo re\\"\\"ady; exec sleep 100000"; echo "status $?"\r'
await $'ready\r\n'
type_keys '\003'
await '# '
type_keys 'echo "then $?"\r'
await $'then 130\r\n'
await '# '
type_keys 'exit 9\r'
await 'init exited with status 9'
wait "$machine"
status=$?
[[ $status -eq 9 ]] || fail "the exit code is $status, not 9"
[[ $output != *'status '[0-9]*then* ]] || fail 'Ctrl-C did not end the list of commands'
echo 'all that was typed had its effect'
