"""iomem, vmemmap and pte against QEMU's list of devices and its own walk of the page tables."""
import re

from harness import (DESCRIPTOR, DIRECT_MAP, KASAN_BUILD, KMAP, KMAP_END, MIB, PAGE, TIB, VMEMMAP,
                     head_arrays)


def test_vmemmap_is_what_the_cpu_walks(boot):
    """Page by page, for boot memory, a DIMM of whole slots and a ragged one."""
    guest = boot()
    guest.plug("512M")
    guest.plug("130M")
    rows = guest.json("vmemmap -J")["vmemmap"]
    assert {row["device"] for row in rows} == {"boot", "dimm0", "dimm1"}
    told = []
    for row in rows:
        start, last = (int(word, 16) for word in row["range"].split("-"))
        assert last + 1 - start == row["size"]
        told += [(start + offset, row["physical"] + offset, row["page_size"])
                 for offset in range(0, row["size"], row["page_size"])]
        assert row["backing"] == row["device"], "descriptors lie in what they describe"
        assert row["tables"] == "boot"
    assert told == [entry[:3] for entry in guest.tlb(VMEMMAP, VMEMMAP + TIB)]


def test_vmemmap_of_one_device(boot):
    guest = boot()
    ident, name = guest.plug_named("256M")
    assert {row["device"] for row in guest.json(f"vmemmap {name} -J")["vmemmap"]} == {name}
    guest.eject(ident)
    guest.refused(f"vmemmap {name}", "ENOENT")
    assert name not in guest.ok("vmemmap")


def test_pte_walks_to_a_dimm(boot):
    """1 GiB of direct map that a DIMM owns whole: its page table lies in the DIMM's head.

    qemu64 has no 1 GiB pages.
    """
    guest = boot(cpu="qemu64")
    _, name = guest.plug_named("1G")
    dimm = guest.lsdimm()[0]
    address = dimm["base"] + 600 * MIB + 0x1234
    walk = guest.json(f"pte {DIRECT_MAP + address:#x} -J")
    assert walk["mapped"] and walk["physical"] == address
    assert [step["name"] for step in walk["walk"]] == ["PML4", "PDPT", "PD"]
    leaf = walk["walk"][-1]
    assert leaf["table_in"] == f"{name} head" and leaf["target_in"] == name
    assert dimm["base"] <= leaf["table"] < dimm["base"] + dimm["head"]
    entry = guest.tlb(DIRECT_MAP + address - 2 * MIB, DIRECT_MAP + address)[-1]
    assert entry[1] == leaf["target"] and entry[2] == leaf["page_size"]


def test_pte_of_nothing(boot):
    guest = boot()
    walk = guest.json("pte 0x1000 -J")
    assert not walk["mapped"] and len(walk["walk"]) == 1
    assert "absent in the PML4" in guest.ok("pte 0")
    guest.refused("pte 0x800000000000", "EINVAL")


def test_a_stack_guard_is_named(boot):
    guest = boot()
    pages = [entry[0] for entry in guest.tlb(KMAP, KMAP_END)]
    guards = [page - PAGE for page in pages if page - PAGE not in pages]
    text = "".join(guest.ok(f"pte {page:#x}") for page in guards)
    assert len(guards) > 2
    assert len(re.findall(r"not mapped: .* \(guard page of ", text)) == len(guards)


def test_iomem_has_every_dimm_and_its_head(boot):
    guest = boot()
    _, name = guest.plug_named("256M")
    rows = guest.json("iomem -J")["iomem"]
    dimm = guest.lsdimm()[0]
    at = next(i for i, row in enumerate(rows) if row["name"] == f"System RAM ({name})")
    assert (rows[at]["start"], rows[at]["size"]) == (dimm["base"], dimm["size"])
    parts = []
    for row in rows[at + 1:]:
        if row["depth"] == 0:
            break
        parts.append(row)
    assert parts[0]["name"] == ("memmap, shadow" if KASAN_BUILD else "memmap")
    assert parts[0]["size"] == head_arrays(dimm["size"])
    assert dimm["memmap"] == dimm["size"] // PAGE * DESCRIPTOR
    assert sum(part["size"] for part in parts) <= dimm["head"]
    starts = [row["start"] for row in rows if row["depth"] == 0]
    assert starts == sorted(starts)


def test_iomem_nests(boot):
    """What stands indented lies inside what it stands under."""
    rows = boot().json("iomem -J")["iomem"]
    parents = {}
    for row in rows:
        end = row["start"] + row["size"]
        parents[row["depth"]] = (row["start"], end)
        if row["depth"] > 0:
            start, stop = parents[row["depth"] - 1]
            assert start <= row["start"] and end <= stop, row
    assert {"Kernel code", "Kernel rodata", "Kernel data", "Kernel bss", "memmap"} <= {
        row["name"] for row in rows}
