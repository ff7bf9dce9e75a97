// The vDSO: the page of functions that AT_SYSINFO_EHDR leads programs to, as a whole ELF file (vdso(7)). Written out by hand: one
// page without a linker, and the same bytes in the kernel and in host tests. vdso.cc copies it and fills in vdso_clock.
//
// Names, their version and what they answer are Linux's. The clocks are read without a system call where user mode can; whatever
// else is asked for is asked of the kernel.

  .set CLOCK_GETTIME, 228
  .set CLOCK_GETRES, 229
  .set GETTIMEOFDAY, 96
  .set TIME, 201
  .set GETCPU, 309
  // Bit n for clock n (time.h): REALTIME, REALTIME_COARSE, TAI; MONOTONIC, _RAW, _COARSE, BOOTTIME.
  .set REAL_CLOCKS, 1 << 0 | 1 << 5 | 1 << 11
  .set MONOTONIC_CLOCKS, 1 << 1 | 1 << 4 | 1 << 6 | 1 << 7
  .set LAST_CLOCK, 11
  .set NANOSECONDS, 1000000000

  .section .rodata.vdso, "a", @progbits
  .balign 64
  .globl esc_vdso_begin, esc_vdso_clock, esc_vdso_end
esc_vdso_begin:
  // The file header (System V ABI, chapter 4): ET_DYN, EM_X86_64, two program headers, four section headers, whose names are in the
  // second of them.
  .byte 0x7F
  .ascii "ELF"
  .byte 2, 1, 1, 0
  .quad 0
  .short 3, 62
  .long 1
  .quad 0, headers - esc_vdso_begin, sections - esc_vdso_begin
  .long 0
  .short 64, 56, 2, 64, 4, 1
headers:
  // PT_LOAD, read and execute: all of it, at address 0.
  .long 1, 5
  .quad 0, 0, 0, esc_vdso_end - esc_vdso_begin, esc_vdso_end - esc_vdso_begin, 4096
  // PT_DYNAMIC, read.
  .long 2, 4
  .quad dynamic - esc_vdso_begin, dynamic - esc_vdso_begin, dynamic - esc_vdso_begin
  .quad dynamic_end - dynamic, dynamic_end - dynamic, 8

  // dietlibc goes by these, and without looking whether they are there.
.macro SECTION_HEADER name, type, flags, begin, end, link, align, entry
  .long \name - strings, \type
  .quad \flags, \begin - esc_vdso_begin, \begin - esc_vdso_begin, \end - \begin
  .long \link, 0
  .quad \align, \entry
.endm
sections:
  .zero 64
  SECTION_HEADER name_dynstr, 3, 2, strings, strings_end, 0, 1, 0
  SECTION_HEADER name_dynsym, 11, 2, symbols, symbols_end, 1, 8, 24
  SECTION_HEADER name_text, 1, 6, functions, functions_end, 0, 16, 0

dynamic:
  .quad 14, soname - strings                  // DT_SONAME
  .quad 4, hash - esc_vdso_begin              // DT_HASH
  .quad 5, strings - esc_vdso_begin           // DT_STRTAB
  .quad 6, symbols - esc_vdso_begin           // DT_SYMTAB
  .quad 10, strings_end - strings             // DT_STRSZ
  .quad 11, 24                                // DT_SYMENT
  .quad 0x6FFFFFF0, versions - esc_vdso_begin     // DT_VERSYM
  .quad 0x6FFFFFFC, definitions - esc_vdso_begin  // DT_VERDEF
  .quad 0x6FFFFFFD, 2                             // DT_VERDEFNUM
  .quad 0, 0
dynamic_end:

.macro SYMBOL name, function
  .long \name - strings
  .byte 0x12, 0  // STB_GLOBAL, STT_FUNC
  .short 3       // .text
  .quad \function - esc_vdso_begin, \function\()_end - \function
.endm
symbols:
  .quad 0, 0, 0
  SYMBOL name_clock_gettime, clock_gettime
  SYMBOL name_gettimeofday, gettimeofday
  SYMBOL name_time, time
  SYMBOL name_clock_getres, clock_getres
  SYMBOL name_getcpu, getcpu
symbols_end:

hash:  // one bucket, in which all symbols are chained: five are soon searched
  .long 1, 6
  .long 1
  .long 0, 2, 3, 4, 5, 0

versions:
  .short 0, 2, 2, 2, 2, 2
  .balign 4
definitions:
  // vd_version, VER_FLG_BASE, index, count, hash of the name, to its name, to the next definition
  .short 1, 1, 1, 1
  .long 0x0DEEBFA1, 20, 28
  .long soname - strings, 0
  .short 1, 0, 2, 1
  .long 0x03AE75F6, 20, 0
  .long name_version - strings, 0

strings:
  .byte 0
soname: .asciz "linux-vdso.so.1"
name_version: .asciz "LINUX_2.6"
name_clock_gettime: .asciz "__vdso_clock_gettime"
name_gettimeofday: .asciz "__vdso_gettimeofday"
name_time: .asciz "__vdso_time"
name_clock_getres: .asciz "__vdso_clock_getres"
name_getcpu: .asciz "__vdso_getcpu"
name_dynstr: .asciz ".dynstr"
name_dynsym: .asciz ".dynsym"
name_text: .asciz ".text"
strings_end:

// rax = nanoseconds since boot. Not before what precedes it in the program: SDM vol. 2, RDTSC.
.macro NOW
  lfence
  rdtsc
  shl $32, %rdx
  or %rdx, %rax
  sub clock_start(%rip), %rax
  mulq clock_multiplier(%rip)
  shrd $32, %rdx, %rax
.endm

// rax = seconds, rdx = the nanoseconds past them, of the nanoseconds in rax.
.macro SPLIT
  xor %edx, %edx
  mov $NANOSECONDS, %ecx
  div %rcx
.endm

.macro ASK_KERNEL number
  mov $\number, %eax
  syscall
  ret
.endm

  .balign 16
functions:
clock_gettime:  // (edi: clock, rsi: where to)
  cmp $LAST_CLOCK, %edi
  ja 2f
  mov $(REAL_CLOCKS | MONOTONIC_CLOCKS), %eax
  and clock_mask(%rip), %eax
  bt %edi, %eax
  jnc 2f
  NOW
  mov $REAL_CLOCKS, %ecx
  bt %edi, %ecx
  jnc 1f
  add clock_boot(%rip), %rax
1:
  SPLIT
  mov %rax, (%rsi)
  mov %rdx, 8(%rsi)
  xor %eax, %eax
  ret
2:
  ASK_KERNEL CLOCK_GETTIME
clock_gettime_end:

  .balign 16
gettimeofday:  // (rdi: where to or 0, rsi: where to put the time zone or 0)
  cmpl $0, clock_mask(%rip)
  je 3f
  test %rdi, %rdi
  je 1f
  NOW
  add clock_boot(%rip), %rax
  SPLIT
  mov %rax, (%rdi)
  mov %edx, %eax
  xor %edx, %edx
  mov $1000, %ecx
  div %ecx
  mov %rax, 8(%rdi)
1:
  test %rsi, %rsi
  je 2f
  movq $0, (%rsi)  // UTC
2:
  xor %eax, %eax
  ret
3:
  ASK_KERNEL GETTIMEOFDAY
gettimeofday_end:

  .balign 16
time:  // (rdi: where to or 0)
  cmpl $0, clock_mask(%rip)
  je 2f
  NOW
  add clock_boot(%rip), %rax
  SPLIT
  test %rdi, %rdi
  je 1f
  mov %rax, (%rdi)
1:
  ret
2:
  ASK_KERNEL TIME
time_end:

  .balign 16
clock_getres:
  ASK_KERNEL CLOCK_GETRES
clock_getres_end:

  .balign 16
getcpu:
  ASK_KERNEL GETCPU
getcpu_end:
functions_end:

  // VdsoClock in vdso.h.
  .balign 8
esc_vdso_clock:
clock_start: .quad 0
clock_multiplier: .quad 0
clock_boot: .quad 0
clock_mask: .quad 0
esc_vdso_end:

  .section .note.GNU-stack, "", @progbits
