"""Two nodes and more: memory arrives on the node it belongs to, descriptors included."""
import re

from harness import DESCRIPTOR, GIB, MIB, PAGE, VMEMMAP


def test_dimm_on_node_one(boot):
    guest = boot(nodes=2)
    _, name = guest.plug_named("1G", node=1)
    dimm = guest.lsdimm()[0]
    assert dimm["node"] == 1
    guest.ok(f"online {name} movable")
    rows = [r for r in guest.lsmem("-o RANGE,SIZE,STATE,BLOCK,NODE,ZONES") if r["base"] >= 4 * GIB]
    assert rows and all(r["node"] == 1 for r in rows)
    assert re.search(r"node 1 size: ", guest.ok("numa"))
    start = VMEMMAP + dimm["base"] // PAGE * DESCRIPTOR
    for entry in guest.tlb(start, start + GIB // PAGE * DESCRIPTOR):
        assert dimm["base"] <= entry[1] < dimm["base"] + dimm["size"], "on their own node"
    guest.ok("hog start h 700M movable node=1", scale=4)
    guest.refused("hog start g 700M movable node=0", "ENOMEM")
    guest.ok("hog verify h", scale=4)
    guest.ok("hog stop h")


def test_memory_comes_from_the_cpus_own_node(boot):
    guest = boot(nodes=2, smp=2)
    out = guest.ok("selftest mm.pages_come_from_the_cpus_own_node")
    assert "ok 1 mm.pages_come_from_the_cpus_own_node # " in out and "SKIP" not in out
    assert "# 1 CPUs are not in node 0" in out


def test_migration_prefers_its_node_but_may_leave_it(boot):
    guest = boot(nodes=2, mem="1G")
    _, first = guest.plug_named("256M", node=1)
    _, second = guest.plug_named("512M", node=1)
    guest.ok(f"online {first} movable")
    guest.ok("hog start h 100M movable node=1 seed=5", scale=4)
    guest.ok(f"online {second} movable")
    guest.ok(f"offline {first}", scale=4)
    guest.ok("hog verify h", scale=4)
    guest.run(f"offline {second}", scale=4)
    guest.ok("hog verify h", scale=4)
    guest.ok("hog stop h")


def test_migration_goes_near_first(boot):
    """Its own node until that is full, then the next by distance, though a far one has room."""
    extra = ["-numa", "dist,src=0,dst=1,val=31", "-numa", "dist,src=0,dst=2,val=31",
             "-numa", "dist,src=1,dst=2,val=15"]
    guest = boot(nodes=3, mem="768M", extra=extra)
    _, leaving = guest.plug_named("256M", node=1)
    _, own = guest.plug_named("128M", node=1)
    _, near = guest.plug_named("256M", node=2)
    guest.ok("hog start boot max kernel node=1", scale=4)  # what node 1 had before
    guest.ok(f"online {leaving} movable")
    guest.ok("hog start h 160M movable node=1", scale=4)
    guest.ok(f"online {own} movable")
    guest.ok(f"online {near} movable")
    text = guest.ok(f"offline {leaving}", scale=4)
    moved = re.search(r"(\d+) pages moved to node 1, (\d+) to node 2\s", text)
    assert moved, text
    to_own, to_near = map(int, moved.groups())
    assert to_own + to_near == 160 * MIB // PAGE
    head = next(d["head"] for d in guest.lsdimm() if d["name"] == own)
    assert to_own >= (127 * MIB - head) // PAGE, "all of what is free on its own node"
    guest.ok("hog verify h", scale=4)
    guest.ok("hog stop h")
    guest.ok("hog stop boot")


def test_node_born_and_gone(boot):
    """A node without memory is made by its first DIMM and ends with its last."""
    extra = ["-numa", "node,nodeid=0,cpus=0-1,memdev=m0", "-numa", "node,nodeid=1",
             "-object", "memory-backend-ram,id=m0,size=512M"]
    guest = boot(smp=2, extra=extra)
    before = guest.ok("numa")
    ident, name = guest.plug_named("256M", node=1)
    guest.ok(f"online {name} movable")
    assert guest.lsdimm()[0]["node"] == 1
    assert guest.ok("numa") != before
    guest.ok("hog start h 64M movable node=1")
    guest.ok("hog stop h")
    guest.eject(ident)
    assert guest.ok("numa") == before
    guest.refused("hog start h 1M movable node=1")


def test_numa_off(boot):
    guest = boot(nodes=2, fw_cfg={"cmdline": "numa=off"})
    guest.plug("256M", node=1)
    assert guest.lsdimm()[0]["node"] == 0


def test_distances(boot):
    extra = ["-numa", "dist,src=0,dst=1,val=31"]
    guest = boot(nodes=2, extra=extra)
    assert "31" in guest.ok("slit")
    assert "31" in guest.ok("numa")


def test_four_nodes(boot):
    guest = boot(nodes=4, smp=4, mem="1G")
    for node in range(4):
        guest.plug("128M", node=node)
    assert sorted(d["node"] for d in guest.lsdimm()) == [0, 1, 2, 3]
    guest.ok("online all movable")
    assert guest.free()["hotpluggable"] == 0
    assert guest.free()["total"] > (1024 - 64 + 4 * 128) * MIB
