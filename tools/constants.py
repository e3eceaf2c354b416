"""tools/constants.py - sizes, and addresses of the kernel (arch/mmu.h), for tools and tests."""
PAGE = 4096
MIB = 1 << 20
GIB = 1 << 30
TIB = 1 << 40
BLOCK = 128 * MIB  # of memory, that goes online and offline as one

DIRECT_MAP = 0xffff800000000000
KMAP = 0xffffc90000000000
KMAP_END = 0xffffd90000000000
VMEMMAP = 0xffffea0000000000
DESCRIPTOR = 32  # bytes of a struct page
