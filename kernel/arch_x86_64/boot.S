// From the boot loader to BootMain: 32-bit protected mode without paging to 64-bit mode in the upper half.
//
// Two entries meet here with edi = protocol and esi = physical address of its information: PVH
// (hvm_start_info in ebx) and multiboot2 (eax = magic, ebx = information). The boot page tables map the
// first 4 GiB at 0 and at the direct map, and the first 1 GiB at the kernel's address; writable and
// executable throughout. BootMain replaces them.
#include "kernel/arch_x86_64/asm_layout.h"

#define PAGE_PRESENT_WRITABLE 0x3
#define PAGE_LARGE 0x83

  .section .boot.header, "a"
  .balign 8
Multiboot2Header:
  .long 0xE85250D6
  .long 0                                    // architecture: i386 protected mode
  .long Multiboot2HeaderEnd - Multiboot2Header
  .long -(0xE85250D6 + (Multiboot2HeaderEnd - Multiboot2Header))
  // Entry address: the ELF header's own is the same; said here too for loaders that read e_entry as virtual.
  .balign 8
  .word 3, 0
  .long 12
  .long Multiboot2Entry
  .balign 8
  // Align modules to pages.
  .word 6, 0
  .long 8
  .balign 8
  .word 0, 0
  .long 8
Multiboot2HeaderEnd:

  // XEN_ELFNOTE_PHYS32_ENTRY (Xen public/elfnote.h): makes the file bootable by QEMU's -kernel.
  .section .note.Xen, "a", @note
  .balign 4
  .long 4, 8, 18
  .asciz "Xen"
  .quad PvhEntry

  .section .boot.text, "ax"
  .code32
  .globl PvhEntry
PvhEntry:
  cli
  cld
  mov $ESC_BOOT_PVH, %edi
  mov %ebx, %esi
  cmpl $ESC_BOOT_PVH, (%ebx)
  je StartLongMode
  mov $UnknownLoader, %esi
  jmp Refuse

  .globl Multiboot2Entry
Multiboot2Entry:
  cli
  cld
  mov $ESC_BOOT_MULTIBOOT2, %edi
  mov %ebx, %esi
  cmp $ESC_BOOT_MULTIBOOT2, %eax
  je StartLongMode
  mov $UnknownLoader, %esi
  jmp Refuse

StartLongMode:
  mov $BootStackTop32, %esp
  // Compiled code has CMOV in it: edx bit 15 of CPUID 1, asked here, before any runs.
  mov $1, %eax
  cpuid
  mov $NoConditionalMove, %ebp
  bt $15, %edx
  jnc RefuseEbp
  // CPUID 0x80000001: edx bit 29 long mode, bit 20 execute-disable (SDM vol. 2, CPUID).
  mov $0x80000000, %eax
  cpuid
  cmp $0x80000001, %eax
  jb NoLongMode
  mov $0x80000001, %eax
  cpuid
  bt $29, %edx
  jnc NoLongMode
  mov $NoExecuteDisable, %ebp
  bt $20, %edx
  jnc RefuseEbp

  // Four directories of 512 large pages: 4 GiB.
  mov $BootDirectories, %ebx
  mov $PAGE_LARGE, %eax
  mov $2048, %ecx
1:
  mov %eax, (%ebx)
  movl $0, 4(%ebx)
  add $0x200000, %eax
  add $8, %ebx
  loop 1b
  movl $(BootDirectories + PAGE_PRESENT_WRITABLE), BootPointersLow
  movl $(BootDirectories + 0x1000 + PAGE_PRESENT_WRITABLE), BootPointersLow + 8
  movl $(BootDirectories + 0x2000 + PAGE_PRESENT_WRITABLE), BootPointersLow + 16
  movl $(BootDirectories + 0x3000 + PAGE_PRESENT_WRITABLE), BootPointersLow + 24
  movl $(BootDirectories + PAGE_PRESENT_WRITABLE), BootPointersHigh + 510 * 8
  movl $(BootPointersLow + PAGE_PRESENT_WRITABLE), BootRoot
  movl $(BootPointersLow + PAGE_PRESENT_WRITABLE), BootRoot + 256 * 8
  movl $(BootPointersHigh + PAGE_PRESENT_WRITABLE), BootRoot + 511 * 8

  // SDM vol. 3A, 10.8.5: PAE, CR3, EFER.LME, then CR0.PG. With LME go SCE and NXE. All bits are set here, whatever the
  // loader left (multiboot2 3.3 leaves most of them open): LA57 would want five levels of tables, FSGSBASE would let user mode
  // write GS's base, CD would turn the caches off. CR0: PG, WP, NE, ET, MP, PE.
  mov $0x20, %eax
  mov %eax, %cr4
  mov $BootRoot, %eax
  mov %eax, %cr3
  mov $0xC0000080, %ecx
  mov $0x901, %eax
  xor %edx, %edx
  wrmsr
  mov $0x80010033, %eax
  mov %eax, %cr0
  lgdt BootGdtPointer
  ljmp $ESC_KERNEL_CS, $LongMode

NoLongMode:
  mov $NoLongModeText, %ebp
RefuseEbp:
  mov %ebp, %esi
// Prints the line at esi to the first serial port and ends the machine, ESC_REFUSED_EXIT_CODE for QEMU's exit device.
Refuse:
  mov $0x3F9, %dx
  mov $0, %al
  out %al, %dx
  mov $0x3FB, %dx
  mov $0x03, %al
  out %al, %dx
1:
  lodsb
  test %al, %al
  jz 3f
  mov %al, %ah
  mov $100000, %ecx
2:
  mov $0x3FD, %dx
  in %dx, %al
  test $0x20, %al
  loopz 2b
  mov %ah, %al
  mov $0x3F8, %dx
  out %al, %dx
  jmp 1b
3:
  mov $ESC_REFUSED_EXIT_CODE, %al
  mov $0xF4, %dx
  out %al, %dx
4:
  hlt
  jmp 4b

  .code64
LongMode:
  mov $ESC_KERNEL_DS, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  xor %eax, %eax
  mov %eax, %fs
  mov %eax, %gs
  movabs $LongModeHigh, %rax
  jmp *%rax

  .section .boot.data, "aw"
  .balign 8
BootGdt:
  .quad 0
  .quad 0
  .quad 0x00AF9B000000FFFF                   // 0x10: 64-bit code
  .quad 0x00CF93000000FFFF                   // 0x18: data
BootGdtPointer:
  .word . - BootGdt - 1
  .long BootGdt
UnknownLoader:
  .ascii "escapement: cannot boot: the loader's magic number is neither PVH's nor multiboot2's "
  .asciz "(QEMU's -kernel spoils it by a command line of over 4095 bytes)\r\n"
NoConditionalMove:
  .asciz "escapement: cannot boot: this CPU lacks CMOV\r\n"
NoLongModeText:
  .asciz "escapement: cannot boot: this CPU has no 64-bit mode\r\n"
NoExecuteDisable:
  .asciz "escapement: cannot boot: this CPU cannot forbid execution of data (NX)\r\n"

  .section .boot.tables, "aw", @nobits
  .balign 4096
BootRoot:
  .skip 4096
BootPointersLow:
  .skip 4096
BootPointersHigh:
  .skip 4096
BootDirectories:
  .skip 4 * 4096
BootStack32:
  .skip 256
BootStackTop32:

  .section .text.entry, "ax"
  .type LongModeHigh, @function
LongModeHigh:
  mov $boot_stack_top, %rsp
  xor %ebp, %ebp
  mov %edi, %edi
  mov %esi, %esi
  push %rdi
  push %rsi
  call PrepareBootCpu
  pop %rsi
  pop %rdi
  call BootMain
  ud2

  // The lowest page is a guard: the real page tables leave it out, and until they are there BootMain looks whether it is
  // still zero. The loader's memory map (UEFI's has a hundred entries) is sorted on this stack.
  .section .bss.boot_stack, "aw", @nobits
  .balign 4096
  .globl boot_stack_guard
boot_stack_guard:
  .skip 4096
  .globl boot_stack_bottom
boot_stack_bottom:
  .skip 65536
  .globl boot_stack_top
boot_stack_top:

  // Filled by //tools/symbols after the link.
  .section .ksyms, "a"
  .globl kernel_symbols
kernel_symbols:
  .skip 131072
  .globl kernel_symbols_end
kernel_symbols_end:

  .section .note.GNU-stack, "", @progbits
