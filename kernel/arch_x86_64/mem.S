// What the compiler calls for copies and comparisons (GCC manual, 2.1: memcpy, memmove, memset, memcmp), and
// the searches of string views. Eight bytes a step, by the string instructions where they go forwards.
  .section .text, "ax"

  // void* memcpy(void* to, const void* from, size_t bytes)
  .globl memcpy
  .type memcpy, @function
memcpy:
  mov %rdi, %rax
  cmp $16, %rdx
  ja 1f
  cmp $8, %edx
  jae 2f
  cmp $4, %edx
  jae 3f
  test %edx, %edx
  jz 5f
  // 1 to 3 bytes: first, middle, last.
  movzbl (%rsi), %ecx
  movzbl -1(%rsi,%rdx), %r8d
  mov %edx, %r9d
  shr %r9d
  movzbl (%rsi,%r9), %r10d
  mov %r10b, (%rdi,%r9)
  mov %cl, (%rdi)
  mov %r8b, -1(%rdi,%rdx)
5:
  ret
3:
  mov (%rsi), %ecx
  mov -4(%rsi,%rdx), %r8d
  mov %ecx, (%rdi)
  mov %r8d, -4(%rdi,%rdx)
  ret
2:
  mov (%rsi), %rcx
  mov -8(%rsi,%rdx), %r8
  mov %rcx, (%rdi)
  mov %r8, -8(%rdi,%rdx)
  ret
1:
  // The last eight bytes first, since the words may end before them.
  mov -8(%rsi,%rdx), %r8
  mov %r8, -8(%rdi,%rdx)
  lea -1(%rdx), %rcx
  shr $3, %rcx
  rep movsq
  ret

  // void* memmove(void* to, const void* from, size_t bytes)
  .globl memmove
  .type memmove, @function
memmove:
  mov %rdi, %rax
  sub %rsi, %rax
  cmp %rdx, %rax
  mov %rdi, %rax
  jb 1f
  // The target begins below the source or past its end: forwards, without reading ahead of what is written.
  mov %rdx, %rcx
  shr $3, %rcx
  rep movsq
  mov %edx, %ecx
  and $7, %ecx
  rep movsb
  ret
1:
  // Overlapping from above: backwards.
  sub $8, %rdx
  jb 3f
2:
  mov (%rsi,%rdx), %rcx
  mov %rcx, (%rdi,%rdx)
  sub $8, %rdx
  jae 2b
3:
  add $8, %rdx
  jz 5f
4:
  movzbl -1(%rsi,%rdx), %ecx
  mov %cl, -1(%rdi,%rdx)
  dec %rdx
  jnz 4b
5:
  ret

  // void* memset(void* to, int value, size_t bytes)
  .globl memset
  .type memset, @function
memset:
  mov %rdi, %r8
  movzbl %sil, %eax
  movabs $0x0101010101010101, %rcx
  imul %rcx, %rax
  cmp $8, %rdx
  jb 1f
  mov %rax, -8(%rdi,%rdx)
  lea -1(%rdx), %rcx
  shr $3, %rcx
  rep stosq
  mov %r8, %rax
  ret
1:
  mov %edx, %ecx
  rep stosb
  mov %r8, %rax
  ret

  // int memcmp(const void* a, const void* b, size_t bytes)
  .globl memcmp
  .type memcmp, @function
  .globl bcmp
  .type bcmp, @function
memcmp:
bcmp:
  sub $8, %rdx
  jb 2f
1:
  mov (%rdi), %rax
  mov (%rsi), %rcx
  cmp %rcx, %rax
  jne 4f
  add $8, %rdi
  add $8, %rsi
  sub $8, %rdx
  jae 1b
2:
  add $8, %rdx
  jz 5f
3:
  movzbl (%rdi), %eax
  movzbl (%rsi), %ecx
  sub %ecx, %eax
  jne 6f
  inc %rdi
  inc %rsi
  dec %rdx
  jnz 3b
5:
  xor %eax, %eax
6:
  ret
4:
  // In memory order the first differing byte decides: big-endian comparison.
  bswap %rax
  bswap %rcx
  cmp %rcx, %rax
  sbb %eax, %eax
  or $1, %eax
  ret

  // size_t strlen(const char* text)
  .globl strlen
  .type strlen, @function
strlen:
  xor %eax, %eax
  cmpb $0, (%rdi)
  je 2f
1:
  inc %rax
  cmpb $0, (%rdi,%rax)
  jne 1b
2:
  ret

  // void* memchr(const void* in, int value, size_t bytes)
  .globl memchr
  .type memchr, @function
memchr:
  mov %rdi, %rax
  test %rdx, %rdx
  jz 2f
1:
  cmp %sil, (%rax)
  je 3f
  inc %rax
  dec %rdx
  jnz 1b
2:
  xor %eax, %eax
3:
  ret

  .section .note.GNU-stack, "", @progbits
