"""free, meminfo, numa, zoneinfo, buddyinfo and slabinfo agree with each other and with QEMU."""
import re

from harness import GIB, MIB, PAGE, offline_bytes


def figures(guest):
    """What each command says of total and free memory, in bytes; they must agree."""
    free = guest.free()
    zones = guest.json("zoneinfo -J")["zones"]
    chunks = guest.json("buddyinfo -J")["zones"]
    nodes = guest.json("numa -J")["nodes"]
    info = guest.json("meminfo -J")["meminfo"]
    assert free["used"] == free["total"] - free["free"]
    assert sum(z["present"] for z in zones) * PAGE == free["total"]
    assert sum(z["free"] for z in zones) * PAGE == free["free"]
    assert sum(n << order for z in chunks for order, n in enumerate(z["free_chunks"])) * PAGE \
        == free["free"]
    assert sum(n["size"] for n in nodes) == free["total"]
    assert sum(n["free"] for n in nodes) == free["free"]
    assert (info["MemTotal"], info["MemFree"]) == (free["total"], free["free"])
    assert info["NormalFree"] + info["MovableFree"] == free["free"]
    assert info["Isolated"] == 0
    return free


def test_figures_follow_a_dimm(boot):
    guest = boot()
    start = figures(guest)
    assert 500 * MIB < start["total"] < 512 * MIB
    guest.plug("1G")
    dimm = guest.lsdimm()[0]
    plugged = figures(guest)
    assert plugged == {**start, "hotpluggable": offline_bytes(dimm)}
    guest.ok(f"online {dimm['name']} movable")
    online = figures(guest)
    assert online["total"] == start["total"] + GIB, "heads included"
    assert online["metadata"] == start["metadata"] + dimm["head"]
    assert online["free"] == start["free"] + GIB - dimm["head"]
    assert online["hotpluggable"] == 0
    guest.ok("hog start h 300M movable", scale=4)
    used = figures(guest)
    assert online["free"] - used["free"] >= 300 * MIB
    guest.ok("hog stop h")
    assert figures(guest) == online
    guest.ok(f"offline {dimm['name']}", scale=2)
    assert figures(guest) == plugged


def test_units(boot):
    guest = boot(slots=0)
    total = guest.free()["total"]

    def said(options):
        lines = guest.ok(f"free {options}".strip()).splitlines()
        assert lines[0].split() == ["total", "used", "free", "metadata", "hotpluggable"]
        assert lines[1].startswith("Mem:")
        return lines[1].split()[1]

    assert said("-b") == str(total)
    assert said("") == said("-k") == str(total // 1024)
    assert said("-m") == str(total // MIB)
    assert re.fullmatch(r"5\d\dMi", said("-h"))
    for command in ("free", "meminfo", "numa", "buddyinfo", "zoneinfo", "slabinfo"):
        guest.refused(f"{command} -x", "EINVAL")
        guest.refused(f"{command} nonsense", "EINVAL")


def test_numa_reads_as_numactl(boot):
    guest = boot(nodes=2, smp=3)
    text = guest.ok("numa")
    assert text.startswith("available: 2 nodes (0-1)\n")
    assert re.search(r"^node 0 cpus: 0 2$", text, re.M)
    assert re.search(r"^node 1 cpus: 1$", text, re.M)
    assert re.search(r"^node 1 size: 25\d MB$", text, re.M)
    assert re.search(r"^node distances:\nnode +0 +1 *\n +0: +10 +20 *\n +1: +20 +10 *$", text, re.M)
