/*
 * arch/x86_64/copy.c - copying page frames through the XMM registers.
 *
 * The kernel is compiled without them, so nobody else's contents are in them: neither an
 * interrupt's nor, while nobody is switched to, another thread's.
 *
 * 256 bytes are read before any is written.  A string instruction goes to and fro between the two
 * pages instead, eight bytes at a time; where both fall into the same slot of a TLB that has one
 * slot for a page number, as QEMU's has, each word costs two misses.  Pages that move from one DIMM
 * to one alike do that all the time: their addresses differ by a power of two.
 */
#include "arch/copy.h"

void copy_frames(void *to, const void *from, size_t size)
{
	char *to_end = (char *)to + size;
	const char *from_end = (const char *)from + size;
	int64_t at = -(int64_t)size; /* one register counts for both */

	__asm__ volatile("1:\n\t"
			 "movaps (%[from], %[at]), %%xmm0\n\t"
			 "movaps 16(%[from], %[at]), %%xmm1\n\t"
			 "movaps 32(%[from], %[at]), %%xmm2\n\t"
			 "movaps 48(%[from], %[at]), %%xmm3\n\t"
			 "movaps 64(%[from], %[at]), %%xmm4\n\t"
			 "movaps 80(%[from], %[at]), %%xmm5\n\t"
			 "movaps 96(%[from], %[at]), %%xmm6\n\t"
			 "movaps 112(%[from], %[at]), %%xmm7\n\t"
			 "movaps 128(%[from], %[at]), %%xmm8\n\t"
			 "movaps 144(%[from], %[at]), %%xmm9\n\t"
			 "movaps 160(%[from], %[at]), %%xmm10\n\t"
			 "movaps 176(%[from], %[at]), %%xmm11\n\t"
			 "movaps 192(%[from], %[at]), %%xmm12\n\t"
			 "movaps 208(%[from], %[at]), %%xmm13\n\t"
			 "movaps 224(%[from], %[at]), %%xmm14\n\t"
			 "movaps 240(%[from], %[at]), %%xmm15\n\t"
			 "movaps %%xmm0, (%[to], %[at])\n\t"
			 "movaps %%xmm1, 16(%[to], %[at])\n\t"
			 "movaps %%xmm2, 32(%[to], %[at])\n\t"
			 "movaps %%xmm3, 48(%[to], %[at])\n\t"
			 "movaps %%xmm4, 64(%[to], %[at])\n\t"
			 "movaps %%xmm5, 80(%[to], %[at])\n\t"
			 "movaps %%xmm6, 96(%[to], %[at])\n\t"
			 "movaps %%xmm7, 112(%[to], %[at])\n\t"
			 "movaps %%xmm8, 128(%[to], %[at])\n\t"
			 "movaps %%xmm9, 144(%[to], %[at])\n\t"
			 "movaps %%xmm10, 160(%[to], %[at])\n\t"
			 "movaps %%xmm11, 176(%[to], %[at])\n\t"
			 "movaps %%xmm12, 192(%[to], %[at])\n\t"
			 "movaps %%xmm13, 208(%[to], %[at])\n\t"
			 "movaps %%xmm14, 224(%[to], %[at])\n\t"
			 "movaps %%xmm15, 240(%[to], %[at])\n\t"
			 "add $256, %[at]\n\t"
			 "jnz 1b"
			 : [at] "+r"(at)
			 : [to] "r"(to_end), [from] "r"(from_end)
			 : "memory", "cc");
}
