; boot/entry.asm - from the boot loader's 32-bit world to boot_start() in the higher half.
;
; GRUB leaves us in 32-bit protected mode without paging, under BIOS and UEFI alike
; [MB2 3.3].  This file checks for long mode, builds the boot page tables and jumps up.
; It owns those tables and the boot stack; mm_init_early() replaces the tables.
;
; The boot page tables map the first 4 GiB by 2 MiB pages three times: at 0 (this code runs
; there), at DIRECT_MAP_BASE, and its first 2 GiB at KERNEL_VMA.  All three share the PDs.

KERNEL_VMA	equ 0xffffffff80000000
STACK_SIZE	equ 32768

MAGIC		equ 0xe85250d6		; [MB2 3.1.2]
TAG_REQUEST	equ 1			; [MB2 3.1.4]
TAG_CONSOLE	equ 4			; [MB2 3.1.8]
TAG_OPTIONAL	equ 1

PTE_TABLE	equ 0x3			; present, writable [SDM 3A 4.5]
PTE_LARGE	equ 0x83		; the same, and PS: a 2 MiB leaf

CR0_PE		equ 1 << 0
CR0_NE		equ 1 << 5
CR0_WP		equ 1 << 16		; supervisor writes honour read-only pages
CR0_PG		equ 1 << 31
CR4_PAE		equ 1 << 5
MSR_EFER	equ 0xc0000080
EFER_LME	equ 1 << 8
EFER_NXE	equ 1 << 11
EFLAGS_ID	equ 1 << 21
CPUID_LM	equ 1 << 29		; leaf 0x80000001, EDX
CPUID_NX	equ 1 << 20

COM1		equ 0x3f8

section .multiboot2 progbits alloc noexec nowrite align=8
header:
	dd MAGIC, 0, header_end - header
	dd 0x100000000 - (MAGIC + 0 + (header_end - header))
	align 8
request:				; what bootinfo is made of; all optional to the loader
	dw TAG_REQUEST, TAG_OPTIONAL
	dd request_end - request
	dd 1, 2, 6, 14, 15		; command line, loader, memory map, RSDPs [MB2 3.6]
request_end:
	align 8
	dw TAG_CONSOLE, TAG_OPTIONAL	; text console is fine: no framebuffer is set up
	dd 12, 2
	align 8
	dw 0, 0				; end
	dd 8
header_end:

bits 32
section .boot.text progbits alloc exec nowrite align=16

global boot_entry
boot_entry:
	cli
	cld
	mov	esp, boot_stack_top - KERNEL_VMA
	mov	ebp, eax		; the loader's magic
	mov	esi, ebx		; the tags
	call	require_long_mode
	call	build_tables
	mov	eax, boot_pml4 - KERNEL_VMA
	mov	cr3, eax
	mov	eax, cr4
	or	eax, CR4_PAE
	mov	cr4, eax
	call	enable_efer
	mov	eax, cr0
	or	eax, CR0_PG | CR0_WP | CR0_NE | CR0_PE
	mov	cr0, eax
	lgdt	[boot_gdt_pointer]
	jmp	0x08:long_mode

; Returns if the CPU has long mode; says so on COM1 and halts if not.
; CPUID exists where EFLAGS.ID can be flipped [SDM 1 20.1.2].
require_long_mode:
	pushfd
	pop	eax
	mov	ecx, eax
	xor	eax, EFLAGS_ID
	push	eax
	popfd
	pushfd
	pop	eax
	xor	eax, ecx
	test	eax, EFLAGS_ID
	jz	.absent
	mov	eax, 0x80000000
	cpuid
	cmp	eax, 0x80000001
	jb	.absent
	mov	eax, 0x80000001
	cpuid
	test	edx, CPUID_LM
	jz	.absent
	mov	[cpuid_features], edx
	ret
.absent:
	mov	esi, no_long_mode
	call	early_puts
.halt:
	hlt
	jmp	.halt

; Writes the string at esi to COM1, which the firmware may not have set up.
early_puts:
	mov	dx, COM1 + 3
	mov	al, 0x03		; 8N1
	out	dx, al
.next:
	lodsb
	test	al, al
	jz	.done
	mov	ah, al
	mov	dx, COM1 + 5
	mov	ecx, 1000000		; an absent UART must not hang us here
.wait:
	in	al, dx
	test	al, 0x20		; transmitter holding register empty
	loopz	.wait
	mov	al, ah
	mov	dx, COM1
	out	dx, al
	jmp	.next
.done:
	ret

build_tables:
	xor	ecx, ecx
.leaf:
	mov	eax, ecx
	shl	eax, 21
	or	eax, PTE_LARGE
	mov	[boot_pd - KERNEL_VMA + ecx * 8], eax
	mov	dword [boot_pd - KERNEL_VMA + ecx * 8 + 4], 0
	inc	ecx
	cmp	ecx, 4 * 512
	jb	.leaf
	mov	eax, boot_pd - KERNEL_VMA + PTE_TABLE
	mov	[boot_pdpt - KERNEL_VMA], eax
	mov	[boot_pdpt_high - KERNEL_VMA + 510 * 8], eax
	add	eax, 4096
	mov	[boot_pdpt - KERNEL_VMA + 8], eax
	mov	[boot_pdpt_high - KERNEL_VMA + 511 * 8], eax
	add	eax, 4096
	mov	[boot_pdpt - KERNEL_VMA + 16], eax
	add	eax, 4096
	mov	[boot_pdpt - KERNEL_VMA + 24], eax
	mov	eax, boot_pdpt - KERNEL_VMA + PTE_TABLE
	mov	[boot_pml4 - KERNEL_VMA], eax
	mov	[boot_pml4 - KERNEL_VMA + 256 * 8], eax	; DIRECT_MAP_BASE
	mov	eax, boot_pdpt_high - KERNEL_VMA + PTE_TABLE
	mov	[boot_pml4 - KERNEL_VMA + 511 * 8], eax
	ret

enable_efer:
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME
	test	dword [cpuid_features], CPUID_NX
	jz	.write
	or	eax, EFER_NXE
.write:
	wrmsr
	ret

bits 64
long_mode:
	mov	ax, 0x10
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	xor	eax, eax
	mov	fs, ax
	mov	gs, ax
	mov	rax, high_entry
	jmp	rax

section .boot.rodata progbits alloc noexec nowrite align=8
no_long_mode:
	db 13, 10, "headroom: this CPU has no 64-bit mode (long mode); it is needed", 13, 10, 0
	align 8
boot_gdt:
	dq 0
	dq 0x00af9b000000ffff		; code: long mode, ring 0
	dq 0x00cf93000000ffff		; data
boot_gdt_pointer:
	dw 3 * 8 - 1
	dd boot_gdt

section .boot.data progbits alloc noexec write align=4
cpuid_features:
	dd 0

section .text
extern boot_start
high_entry:
	mov	rsp, boot_stack_top
	mov	edi, ebp
	mov	esi, esi		; clears the upper half
	xor	ebp, ebp		; backtraces end here
	call	boot_start
.halt:
	cli
	hlt
	jmp	.halt

; Stands first in .bss, above a page that linker.ld leaves out: mm_init_early() does not map it.
section .boot_stack nobits alloc noexec write align=4096
global boot_stack, boot_stack_top
boot_stack:
	resb STACK_SIZE
boot_stack_top:

section .bss nobits alloc noexec write align=4096
boot_pml4:
	resb 4096
boot_pdpt:
	resb 4096
boot_pdpt_high:
	resb 4096
boot_pd:
	resb 4 * 4096

section .note.GNU-stack noalloc noexec nowrite progbits
