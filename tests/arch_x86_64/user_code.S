// User-mode programs of the self-test, one page each. System calls: 0 ends with the code in rdi; 1 yields to
// the next thread; 2 is answered by the test; 3 asks the test to change the registers.
#define SYS_EXIT 0
#define SYS_YIELD 1
#define SYS_ECHO 2
#define SYS_REWRITE 3

.macro USER_PROGRAM name
  .balign 64
  .globl \name
\name:
.endm

.macro EXIT code
  mov \code, %edi
  mov $SYS_EXIT, %eax
  syscall
  ud2
.endm

  .section .rodata, "a"
  .globl user_code_begin
user_code_begin:

// A system call keeps every register but rax, rcx and r11, and gives rflags back.
USER_PROGRAM UserRegistersKept
  mov $0x101, %rbx
  mov $0x102, %rbp
  mov $0x103, %r12
  mov $0x104, %r13
  mov $0x105, %r14
  mov $0x106, %r15
  mov $0x107, %rdi
  mov $0x108, %rsi
  mov $0x109, %rdx
  mov $0x10A, %r8
  mov $0x10B, %r9
  mov $0x10C, %r10
  mov %rsp, (SavedStack - user_code_begin + 0x20000000)
  stc
  mov $SYS_ECHO, %eax
  syscall
1:
  jnc 9f
  cmp $0x1234, %rax
  jne 9f
  lea 1b(%rip), %rax
  cmp %rax, %rcx
  jne 9f
  cmp $0x101, %rbx
  jne 9f
  cmp $0x102, %rbp
  jne 9f
  cmp $0x103, %r12
  jne 9f
  cmp $0x104, %r13
  jne 9f
  cmp $0x105, %r14
  jne 9f
  cmp $0x106, %r15
  jne 9f
  cmp $0x107, %rdi
  jne 9f
  cmp $0x108, %rsi
  jne 9f
  cmp $0x109, %rdx
  jne 9f
  cmp $0x10A, %r8
  jne 9f
  cmp $0x10B, %r9
  jne 9f
  cmp $0x10C, %r10
  jne 9f
  cmp %rsp, (SavedStack - user_code_begin + 0x20000000)
  jne 9f
  EXIT $77
9:
  EXIT $1

  .balign 8
SavedStack:
  .quad 0

// The kernel writes rcx, r11 and rip: the return must take IRET and load them all.
USER_PROGRAM UserRewritten
  mov $SYS_REWRITE, %eax
  syscall
  EXIT $1
  .globl UserRewrittenTarget
UserRewrittenTarget:
  mov $0xCCCC, %eax
  cmp %rax, %rcx
  jne 9b
  mov $0x1111, %eax
  cmp %rax, %r11
  jne 9b
  EXIT $77

// Reads and writes a page that comes on demand; its address is in rdi.
USER_PROGRAM UserFaults
  mov (%rdi), %rax
  test %rax, %rax
  jnz 9b
  movq $5, 8(%rdi)
  cmpq $5, 8(%rdi)
  jne 9b
  EXIT $77

// Fills x87, SSE and AVX registers from rdi, yields, and compares; many times.
USER_PROGRAM UserFpu
  mov %rdi, %r12
  mov $50, %r13d
1:
  movq %r12, %xmm0
  vmovq %r12, %xmm15
  vinsertf128 $1, %xmm15, %ymm15, %ymm15
  push %r12
  fildq (%rsp)
  pop %rax
  mov $SYS_YIELD, %eax
  syscall
  movq %xmm0, %rax
  cmp %rax, %r12
  jne 9b
  vextractf128 $1, %ymm15, %xmm1
  vmovq %xmm1, %rax
  cmp %rax, %r12
  jne 9b
  push $0
  fistpq (%rsp)
  pop %rax
  cmp %rax, %r12
  jne 9b
  inc %r12
  dec %r13d
  jnz 1b
  EXIT $77

// Never ends of itself: counts at the address in rdi.
USER_PROGRAM UserSpins
1:
  incq (%rdi)
  jmp 1b

// TLS base: reads fs:0.
USER_PROGRAM UserReadsFs
  mov %fs:0, %rdi
  mov $SYS_EXIT, %eax
  syscall
  ud2

// A selector in FS makes its base 0.
USER_PROGRAM UserDropsFs
  xor %eax, %eax
  mov %eax, %fs
  mov $SYS_YIELD, %eax
  syscall
  EXIT $77

// Loads its own data segment everywhere, and yields; the other one says which selectors it finds.
USER_PROGRAM UserLoadsSegments
  mov $0x2B, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %fs
  mov %eax, %gs
  mov $SYS_YIELD, %eax
  syscall
  EXIT $77
USER_PROGRAM UserReadsSegments
  mov %ds, %edi
  mov %es, %eax
  or %eax, %edi
  mov %fs, %eax
  or %eax, %edi
  mov %gs, %eax
  or %eax, %edi
  mov $SYS_EXIT, %eax
  syscall
  ud2

// One instruction each that traps; the handler ends the thread.
USER_PROGRAM UserDivides
  xor %ecx, %ecx
  mov $1, %eax
  cltd
  idiv %ecx
  EXIT $1
USER_PROGRAM UserUndefined
  ud2
USER_PROGRAM UserBreakpoint
  int3
  EXIT $1
USER_PROGRAM UserPrivileged
  cli
  EXIT $1
USER_PROGRAM UserSidt
  sidt -16(%rsp)
  EXIT $1
// To a return address that is not canonical: a fault in user mode, whoever notices first.
USER_PROGRAM UserIretsAway
  mov %rsp, %rax
  push $0x2B
  push %rax
  pushfq
  push $0x33
  mov $1, %ecx
  shl $63, %rcx
  push %rcx
  iretq
USER_PROGRAM UserSysenters
  sysenter
  ud2
USER_PROGRAM UserWritesKernel
  movabs $0xFFFFFFFF80200000, %rax
  movq $1, (%rax)
  EXIT $1
USER_PROGRAM UserRunsStack
  movb $0xC3, -8(%rsp)
  lea -8(%rsp), %rax
  jmp *%rax
// Sets the direction, trap-inducing and alignment flags that must not reach the kernel.
USER_PROGRAM UserOddFlags
  pushfq
  orq $0x40400, (%rsp)
  popfq
  mov $SYS_ECHO, %eax
  syscall
  pushfq
  pop %rax
  and $0x40400, %eax
  cmp $0x40400, %eax
  jne 1f
  cld
  EXIT $77
1:
  EXIT $1

  .globl user_code_end
user_code_end:
  .section .note.GNU-stack, "", @progbits
