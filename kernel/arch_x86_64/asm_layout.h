// Numbers that assembly and C++ share; C++ checks the offsets where the structs are defined.
#pragma once

#define ESC_KERNEL_VIRTUAL 0xFFFFFFFF80000000
#define ESC_DIRECT_MAP 0xFFFF800000000000

// Segment selectors. The order is what SYSCALL and SYSRET expect of STAR (SDM vol. 2, SYSRET); user mode
// sees the same numbers as under Linux.
#define ESC_KERNEL_CS 0x10
#define ESC_KERNEL_DS 0x18
#define ESC_USER_DS 0x2B
#define ESC_USER_CS 0x33
#define ESC_TSS_SELECTOR 0x40

// Offsets into UserRegisters.
#define ESC_FRAME_R11 48
#define ESC_FRAME_RCX 88
#define ESC_FRAME_RIP 128
#define ESC_FRAME_CS 136
#define ESC_FRAME_RFLAGS 144
#define ESC_FRAME_RSP 152
#define ESC_FRAME_BYTES 168

// Offsets into PerCpu, which GS points to in the kernel.
#define ESC_CPU_USER_RSP 8
#define ESC_CPU_KERNEL_RSP 20

// FatalEnd::kRefusedToBoot: of a machine or a loader that the kernel cannot run on.
#define ESC_REFUSED_EXIT_CODE 120

// What the boot entries leave in edi.
#define ESC_BOOT_PVH 0x336EC578
#define ESC_BOOT_MULTIBOOT2 0x36D76289
