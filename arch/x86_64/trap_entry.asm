; arch/x86_64/trap_entry.asm - the 256 ways into the kernel, made one.
;
; Each vector has a stub of 16 bytes that leaves the same stack whether or not the CPU pushed
; an error code [SDM 3A 6.13]; trap_common adds the registers, which makes a struct trap_frame
; (arch/trap.h).  Gates are interrupt gates: interrupts are off until iretq restores RFLAGS.
; There is no user mode, so segments and GS stay as they are.

bits 64
section .text

extern trap_dispatch

%macro has_error_code 1
%if %1 == 8 || (%1 >= 10 && %1 <= 14) || %1 == 17 || %1 == 21 || %1 == 29 || %1 == 30
%define HAS_ERROR 1
%else
%define HAS_ERROR 0
%endif
%endmacro

align 16
global trap_stubs
trap_stubs:
%assign vector 0
%rep 256
	align 16
	has_error_code vector
%if HAS_ERROR == 0
	push	qword 0
%endif
	push	qword vector
	jmp	near trap_common
%assign vector vector + 1
%endrep

align 16
trap_common:
	push	rax
	push	rbx
	push	rcx
	push	rdx
	push	rbp
	push	rsi
	push	rdi
	push	r8
	push	r9
	push	r10
	push	r11
	push	r12
	push	r13
	push	r14
	push	r15
	cld
	mov	rdi, rsp		; 22 words since the CPU aligned rsp: aligned still
	call	trap_dispatch
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rdi
	pop	rsi
	pop	rbp
	pop	rdx
	pop	rcx
	pop	rbx
	pop	rax
	add	rsp, 16			; vector and error code
	iretq

; bool probe_read64(vaddr_t addr, uint64_t *value): a load that may fault.  trap_dispatch()
; knows the address of the load and continues at probe_read64_fault.
global probe_read64, probe_read64_load, probe_read64_fault
probe_read64:
probe_read64_load:
	mov	rax, [rdi]
	mov	[rsi], rax
	mov	eax, 1
	ret
probe_read64_fault:
	xor	eax, eax
	ret

section .note.GNU-stack noalloc noexec nowrite progbits
