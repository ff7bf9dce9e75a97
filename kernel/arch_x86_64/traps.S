// Entries from traps, interrupts and the SYSCALL instruction, and every way back.
//
// A trap leaves UserRegisters on the stack: for user mode at the top of the thread's kernel stack, for the
// kernel wherever it was. The stub puts the vector into edi; the error code, or 0, lies where
// original_rax belongs, and the C++ side takes it from there.
#include "kernel/arch_x86_64/asm_layout.h"

// esc::upcall::OnSystemCall(UserRegisters&) and BeforeReturnToUser(UserRegisters&), called without a detour.
#define ESC_ON_SYSTEM_CALL _ZN3esc6upcall12OnSystemCallERNS_4arch13UserRegistersE
#define ESC_BEFORE_RETURN_TO_USER _ZN3esc6upcall18BeforeReturnToUserERNS_4arch13UserRegistersE

  // CLAC exists only on CPUs with SMAP: three bytes of NOP that PatchSmapSites() turns into CLAC.
.macro CLEAR_USER_ACCESS
771:
  .byte 0x0F, 0x1F, 0x00
  .pushsection .smap_sites, "a"
  .quad 771b, 0xCA010F
  .popsection
.endm

.macro PUSH_AFTER_RDI
  push %rsi
  push %rdx
  push %rcx
  push %rax
  push %r8
  push %r9
  push %r10
  push %r11
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
.endm

.macro POP_CALLEE_SAVED
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
.endm

.macro POP_ALL
  POP_CALLEE_SAVED
  pop %r11
  pop %r10
  pop %r9
  pop %r8
  pop %rax
  pop %rcx
  pop %rdx
  pop %rsi
  pop %rdi
  add $8, %rsp
.endm

  .section .text.entry, "ax"

  // 16 bytes a vector. Error codes: SDM vol. 3A, table 6-1. NMI, double fault and machine check may come
  // between an entry and its SWAPGS.
  .balign 16
  .globl TrapStubs
TrapStubs:
  .set vector, 0
.rept 256
  .balign 16
.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
  push $0
.endif
  push %rdi
  mov $vector, %edi
.if vector == 2 || vector == 8 || vector == 18
  jmp TrapEntryAnywhere
.else
  jmp TrapEntry
.endif
  .set vector, vector + 1
.endr

  .balign 16
  .type TrapEntry, @function
TrapEntry:
  PUSH_AFTER_RDI
  cld
  CLEAR_USER_ACCESS
  mov %rsp, %rsi
  testb $3, ESC_FRAME_CS(%rsp)
  jz 1f
  swapgs
  xor %ebp, %ebp
  sub $8, %rsp
  call TrapFromUser
  lea 8(%rsp), %rdi
  call ESC_BEFORE_RETURN_TO_USER
  add $8, %rsp
ReturnByIret:
  swapgs
  POP_ALL
  iretq
1:
  sub $8, %rsp
  call TrapFromKernel
  add $8, %rsp
  POP_ALL
  iretq

  .type TrapEntryAnywhere, @function
TrapEntryAnywhere:
  PUSH_AFTER_RDI
  cld
  CLEAR_USER_ACCESS
  mov %rsp, %rsi
  // The sign of GS's base, not CS, says whose it is (per_cpu.h).
  xor %ebx, %ebx
  mov $0xC0000101, %ecx
  rdmsr
  test %edx, %edx
  js 1f
  swapgs
  inc %ebx
1:
  sub $8, %rsp
  call TrapAnywhere
  add $8, %rsp
  test %ebx, %ebx
  jz 2f
  swapgs
2:
  POP_ALL
  iretq

  // SYSCALL (SDM vol. 2): rcx = rip, r11 = rflags, flags masked, interrupts off, and still the user's stack.
  .balign 16
  .globl SystemCallEntry
  .type SystemCallEntry, @function
SystemCallEntry:
  swapgs
  mov %rsp, %gs:ESC_CPU_USER_RSP
  mov %gs:ESC_CPU_KERNEL_RSP, %rsp
  push $ESC_USER_DS
  push %gs:ESC_CPU_USER_RSP
  push %r11
  push $ESC_USER_CS
  push %rcx
  push %rax
  push %rdi
  PUSH_AFTER_RDI
  mov %rsp, %rdi
  xor %ebp, %ebp
  sub $8, %rsp
  sti
  call ESC_ON_SYSTEM_CALL
  cli

  // Stack: the frame, below it 8 bytes of alignment. Interrupts off.
ReturnFromSystemCall:
  lea 8(%rsp), %rdi
  call ESC_BEFORE_RETURN_TO_USER
  add $8, %rsp
  // SYSRET loads rip from rcx and rflags from r11, so these must be what the frame wants of them. A
  // non-canonical rip would fault in the kernel with the user's stack (SDM vol. 2, SYSRET), and SYSRET
  // cannot set RF.
  mov ESC_FRAME_RCX(%rsp), %rcx
  mov ESC_FRAME_R11(%rsp), %r11
  cmp %rcx, ESC_FRAME_RIP(%rsp)
  jne ReturnByIret
  cmp %r11, ESC_FRAME_RFLAGS(%rsp)
  jne ReturnByIret
  mov %rcx, %rax
  shr $47, %rax
  jnz ReturnByIret
  test $0x10100, %r11d
  jnz ReturnByIret
  POP_CALLEE_SAVED
  add $8, %rsp
  pop %r10
  pop %r9
  pop %r8
  pop %rax
  add $8, %rsp
  pop %rdx
  pop %rsi
  pop %rdi
  mov (ESC_FRAME_RSP - ESC_FRAME_RIP + 8)(%rsp), %rsp
  swapgs
  sysretq

  // void EnterUserMode(UserRegisters*): never returns.
  .globl EnterUserMode
  .type EnterUserMode, @function
EnterUserMode:
  cli
  lea -8(%rdi), %rsp
  xor %ebp, %ebp
  jmp ReturnFromSystemCall

  // void SwitchStacks(uint64_t* save_rsp, uint64_t load_rsp)
  .globl SwitchStacks
  .type SwitchStacks, @function
SwitchStacks:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  POP_CALLEE_SAVED
  ret

  // Where a new thread begins: InitThread put the function into rbx and its argument into r12.
  .globl StartThread
  .type StartThread, @function
StartThread:
  mov %r12, %rdi
  xor %ebp, %ebp
  call *%rbx
  ud2

  .section .note.GNU-stack, "", @progbits
