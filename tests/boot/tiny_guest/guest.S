// A guest that is no kernel: it says how it was booted, what it was given, and ends as the first character of its command
// line asks for. The tests of the ISO writer and of the QEMU runner boot it, so that a failure there is theirs.
//   0-9  the exit device, with that code      p  the exit device, with the code of a panic
//   o    ACPI power-off                       t  triple fault
//   h    endless loop
// All of it is 32-bit code: both protocols start the CPU so (Multiboot2 Specification 2.0, section 3.3; Xen's pvh.pandoc).

#define COM1 0x3f8
#define LINE_STATUS 0x3fd
#define TRANSMITTER_EMPTY 0x20 /* PC16550D data sheet, section 8.4 */
#define EXIT_DEVICE 0xf4
#define PM1A_CONTROL 0x604 /* of QEMU's `pc` machine */
#define SLEEP_ENABLE_S5 0x2000 /* ACPI 6.5, section 4.8.3.2.1; SLP_TYP of S5 is 0 on that machine */

#define MULTIBOOT2_MAGIC 0xe85250d6
#define TAG_END 0
#define TAG_COMMAND_LINE 1
#define TAG_MODULE 3

  .section .multiboot, "a"
  .balign 8
header:
  .long MULTIBOOT2_MAGIC, 0, header_end - header, -(MULTIBOOT2_MAGIC + (header_end - header))
  .short 0, 0
  .long 8
header_end:

  .section .note.Xen, "a", @note
  .balign 4
  .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
  .asciz "Xen"
  .long pvh_entry

  .text
  .code32
  .globl multiboot2_entry
multiboot2_entry:
  mov $stack_end, %esp
  mov $via_multiboot2, %esi
  call print
  lea 8(%ebx), %ebx
  xor %ebp, %ebp
next_tag:
  cmpl $TAG_END, (%ebx)
  je command_line_found
  cmpl $TAG_COMMAND_LINE, (%ebx)
  jne not_command_line
  lea 8(%ebx), %ebp
not_command_line:
  cmpl $TAG_MODULE, (%ebx)
  jne not_module
  mov $module, %esi
  call print
  lea 16(%ebx), %esi
  call print
  mov $contents, %esi
  call print
  mov 8(%ebx), %esi
  call print_line
not_module:
  mov 4(%ebx), %eax
  lea 7(%ebx, %eax), %ebx
  and $~7, %ebx
  jmp next_tag

pvh_entry:
  mov $stack_end, %esp
  mov $via_pvh, %esi
  call print
  mov 24(%ebx), %ebp /* hvm_start_info.cmdline_paddr */

command_line_found:
  test %ebp, %ebp
  jnz 1f
  mov $nothing, %ebp
1:
  mov $command_line, %esi
  call print
  mov %ebp, %esi
  call print
  mov $newline, %esi
  call print

  movb (%ebp), %al
  cmp $'t', %al
  je triple_fault
  cmp $'h', %al
  je hang
  cmp $'o', %al
  je power_off
  cmp $'p', %al
  jne 1f
  mov $('0' + 0x7f), %al
1:
  sub $'0', %al
  mov $EXIT_DEVICE, %dx
  outb %al, %dx
hang:
  jmp hang
power_off:
  mov $PM1A_CONTROL, %dx
  mov $SLEEP_ENABLE_S5, %ax
  outw %ax, %dx
  jmp hang
triple_fault:
  lidt empty_idt
  int3

// Prints the text at esi to its terminating zero byte.
print:
  lodsb
  test %al, %al
  jz 1f
  call put
  jmp print
1:
  ret

// Prints the text at esi to the end of its line.
print_line:
  lodsb
  call put
  cmp $'\n', %al
  jne print_line
  ret

put:
  mov %eax, %ecx
1:
  mov $LINE_STATUS, %dx
  inb %dx, %al
  test $TRANSMITTER_EMPTY, %al
  jz 1b
  mov %ecx, %eax
  mov $COM1, %dx
  outb %al, %dx
  ret

  .section .rodata
via_multiboot2: .asciz "tiny guest: multiboot2\n"
via_pvh: .asciz "tiny guest: pvh\n"
module: .asciz "module "
contents: .asciz ": "
command_line: .asciz "command line: "
newline: .asciz "\n"
nothing: .asciz ""
empty_idt:
  .short 0
  .long 0

  .bss
  .balign 16
  .skip 1024
stack_end:
