// The only instructions that touch user memory. Each may fault; its entry in .ex_table names where to go on.
// The count that is returned is of bytes not done. 8 bytes at a time, then byte by byte: after a fault among
// the words, the bytes up to the bad page are still done one by one, so that the count is exact.

.macro ALLOW_USER_ACCESS
771:
  .byte 0x0F, 0x1F, 0x00
  .pushsection .smap_sites, "a"
  .quad 771b, 0xCB010F
  .popsection
.endm

.macro FORBID_USER_ACCESS
772:
  .byte 0x0F, 0x1F, 0x00
  .pushsection .smap_sites, "a"
  .quad 772b, 0xCA010F
  .popsection
.endm

.macro MAY_FAULT at, fixup
  .pushsection .ex_table, "a"
  .quad \at, \fixup
  .popsection
.endm

  .section .text, "ax"

  // size_t CopyUserBytes(void* to, const void* from, size_t bytes)
  .globl CopyUserBytes
  .type CopyUserBytes, @function
CopyUserBytes:
  ALLOW_USER_ACCESS
  mov %rdx, %rcx
  and $7, %edx
  shr $3, %rcx
1:
  rep movsq
  mov %edx, %ecx
2:
  rep movsb
3:
  FORBID_USER_ACCESS
  mov %rcx, %rax
  ret
4:
  lea (%rdx,%rcx,8), %rcx
  jmp 2b
  MAY_FAULT 1b, 4b
  MAY_FAULT 2b, 3b

  // size_t ZeroUserBytes(void* to, size_t bytes)
  .globl ZeroUserBytes
  .type ZeroUserBytes, @function
ZeroUserBytes:
  ALLOW_USER_ACCESS
  xor %eax, %eax
  mov %rsi, %rcx
  and $7, %esi
  shr $3, %rcx
1:
  rep stosq
  mov %esi, %ecx
2:
  rep stosb
3:
  FORBID_USER_ACCESS
  mov %rcx, %rax
  ret
4:
  lea (%rsi,%rcx,8), %rcx
  jmp 2b
  MAY_FAULT 1b, 4b
  MAY_FAULT 2b, 3b

  // bool CompareExchangeUserWord(uint32_t* word, uint32_t* expected_and_seen, uint32_t desired)
  .globl CompareExchangeUserWord
  .type CompareExchangeUserWord, @function
CompareExchangeUserWord:
  mov (%rsi), %eax
  ALLOW_USER_ACCESS
1:
  lock cmpxchgl %edx, (%rdi)
  FORBID_USER_ACCESS
  mov %eax, (%rsi)
  mov $1, %eax
  ret
2:
  FORBID_USER_ACCESS
  xor %eax, %eax
  ret
  MAY_FAULT 1b, 2b

  // bool SaveFpuToUserArea(void* area, uint32_t components_low, uint32_t components_high)
  .globl SaveFpuToUserArea
  .type SaveFpuToUserArea, @function
SaveFpuToUserArea:
  mov %esi, %eax
  ALLOW_USER_ACCESS
1:
  xsave64 (%rdi)
  FORBID_USER_ACCESS
  mov $1, %eax
  ret
2:
  FORBID_USER_ACCESS
  xor %eax, %eax
  ret
  MAY_FAULT 1b, 2b

  // bool LoadFpuFromUserArea(const void* area, uint32_t components_low, uint32_t components_high)
  .globl LoadFpuFromUserArea
  .type LoadFpuFromUserArea, @function
LoadFpuFromUserArea:
  mov %esi, %eax
  ALLOW_USER_ACCESS
  // Raises a general protection fault too, for a state that it does not take: GeneralProtectionFixup.
  .globl LoadFpuInstruction
LoadFpuInstruction:
  xrstor64 (%rdi)
  FORBID_USER_ACCESS
  mov $1, %eax
  ret
  .globl LoadFpuRefused
LoadFpuRefused:
  FORBID_USER_ACCESS
  xor %eax, %eax
  ret
  MAY_FAULT LoadFpuInstruction, LoadFpuRefused

  .section .note.GNU-stack, "", @progbits
