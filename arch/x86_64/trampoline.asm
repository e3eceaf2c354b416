; arch/x86_64/trampoline.asm - where a CPU starts: from real mode to the kernel [SDM 3A 9.4, 9.8].
;
; cpu_start_begin() copies this to a page below 1 MiB; a startup IPI makes a CPU begin there, at
; offset 0 with CS = page / 16.  The boot CPU fills in the words at the end, the ticket last.
;
; A CPU that comes when nobody waits for it any more finds no ticket and halts here, in real
; mode: the page is kept, but no longer mapped.  Nothing is written once paging is on.

CR0_PE		equ 1 << 0
CR4_PAE		equ 1 << 5
MSR_EFER	equ 0xc0000080
CODE32		equ 0x08
DATA		equ 0x10
CODE64		equ 0x18

section .rodata

global trampoline_start, trampoline_end, trampoline_words
bits 16
trampoline_start:
	cli
	cld
	mov	ax, cs
	mov	ds, ax
	xor	esi, esi
	mov	si, ax
	shl	esi, 4			; where this page lies
	xor	eax, eax
	xchg	eax, [ticket - trampoline_start]
	test	eax, eax
	jz	.late
	o32 lgdt [gdt_pointer - trampoline_start]
	mov	eax, cr0
	or	eax, CR0_PE
	mov	cr0, eax
	jmp	dword far [to_32 - trampoline_start]
.late:
	hlt
	jmp	.late

bits 32
in_32:
	mov	ax, DATA
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	eax, CR4_PAE
	mov	cr4, eax
	mov	eax, [esi + root - trampoline_start]
	mov	cr3, eax
	mov	ecx, MSR_EFER
	mov	eax, [esi + efer - trampoline_start]
	xor	edx, edx
	wrmsr
	mov	eax, [esi + cr0_value - trampoline_start]
	mov	cr0, eax		; paging, long mode, and the caches are on
	jmp	far [esi + to_64 - trampoline_start]

bits 64
in_64:
	mov	ax, DATA
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	xor	eax, eax
	mov	fs, ax
	mov	gs, ax
	mov	rsp, [rel stack]
	mov	edi, [rel index]
	xor	ebp, ebp		; backtraces end here
	push	rbp			; and no call returns
	jmp	[rel entry]

align 8
gdt:
	dq 0
	dq 0x00cf9b000000ffff		; accessed already: the CPU does not write here
	dq 0x00cf93000000ffff
	dq 0x00af9b000000ffff

; struct trampoline (smp.c)
align 8
trampoline_words:
gdt_pointer:
	dw 4 * 8 - 1
	dd gdt - trampoline_start	; these three: the page's address is added
to_32:
	dd in_32 - trampoline_start
	dw CODE32
to_64:
	dd in_64 - trampoline_start
	dw CODE64
	dw 0				; what is written by both CPUs is aligned
root:	dd 0
efer:	dd 0
cr0_value:
	dd 0
ticket:	dd 0				; not 0: one CPU may go on
index:	dd 0
stack:	dq 0
entry:	dq 0
trampoline_end:

section .note.GNU-stack noalloc noexec nowrite progbits
