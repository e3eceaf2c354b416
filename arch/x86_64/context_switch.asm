; arch/x86_64/context_switch.asm - from one kernel thread's stack to another's.
;
; Only what the System V ABI lets a callee not change is saved; the compiler saved the rest.
; There is no FPU state: the kernel is compiled for general registers only.  Interrupts are off.

bits 64
default rel

global context_switch
global context_first

section .text

; void context_switch(uint64_t *save_sp /* rdi */, uint64_t new_sp /* rsi */)
context_switch:
	push rbp
	push rbx
	push r12
	push r13
	push r14
	push r15
	mov [rdi], rsp
	mov rsp, rsi
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbx
	pop rbp
	ret

; Where the first switch to a new thread returns to: entry (r12) gets its argument (r13).
context_first:
	mov rdi, r13
	call r12
	ud2			; a thread's entry does not return

section .note.GNU-stack noalloc noexec nowrite progbits
