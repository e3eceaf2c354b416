"""What `acpi`, `srat`, `slit` and `madt` show is what QEMU was asked for."""
from harness import GIB, MIB

DISTANCES = ["-numa", "dist,src=0,dst=1,val=21"]


def test_srat(boot):
    guest = boot(nodes=2, smp=4, mem="512M", slots=4, maxmem="8G")
    srat = guest.json("srat -J")
    by_domain = {0: 0, 1: 0}
    for row in srat["memory"]:
        if not row["hotplug"]:
            by_domain[row["domain"]] += row["size"]
    # The hole below 1 MiB is in no domain.
    assert 255 * MIB <= by_domain[0] <= 256 * MIB and by_domain[1] == 256 * MIB
    window = [row for row in srat["memory"] if row["hotplug"]]
    assert len(window) == 1 and window[0]["base"] == 4 * GIB
    # QEMU's window: what may be plugged, and 1 GiB a slot to align in.
    assert window[0]["size"] == 8 * GIB - 512 * MIB + 4 * GIB
    assert {c["apic"]: c["domain"] for c in srat["processors"]} == {0: 0, 1: 1, 2: 0, 3: 1}
    assert srat["rejected"] == 0
    text = guest.ok("srat")
    assert "0x0000000100000000-0x00000003dfffffff" in text and "11.5G" in text
    assert str(window[0]["size"]) in guest.ok("srat -b")


def test_slit(boot):
    guest = boot(nodes=2, extra=DISTANCES)
    assert guest.json("slit -J") == {"distances": [[10, 21], [21, 10]]}
    assert [line.split() for line in guest.ok("slit").splitlines()] == [
        ["DOMAIN", "0", "1"], ["0", "10", "21"], ["1", "21", "10"]]


def test_madt(boot):
    guest = boot(smp=3)
    madt = guest.json("madt -J")
    assert madt["lapic"] == 0xFEE00000 and madt["rejected"] == 0
    assert [c["apic"] for c in madt["processors"]] == [0, 1, 2]
    assert all(c["state"] == "enabled" for c in madt["processors"])
    assert [i["address"] for i in madt["ioapics"]] == [0xFEC00000]
    overrides = {o["isa"]: o for o in madt["overrides"]}
    assert overrides[0]["gsi"] == 2
    assert (overrides[9]["polarity"], overrides[9]["trigger"]) == ("high", "level")
    assert "0xfee00000" in guest.ok("madt")


def test_acpi(boot):
    guest = boot(nodes=2, slots=5, extra=DISTANCES)
    before = guest.json("acpi -J")
    tables = {t["signature"]: t for t in before["tables"]}
    assert {"FACP", "DSDT", "APIC", "SRAT", "SLIT"} <= set(tables)
    assert all(t["intact"] for t in before["tables"])
    assert before["up"] and before["sci"] == 9
    assert [s["slot"] for s in before["slots"]] == [0, 1, 2, 3, 4]
    assert not any(s["occupied"] for s in before["slots"])
    guest.plug("128M", slot=3)
    after = guest.json("acpi -J")
    assert [s["slot"] for s in after["slots"] if s["occupied"]] == [3]
    assert after["sci_count"] > before["sci_count"]
    assert after["notify_count"] > before["notify_count"]
    assert "slots: 5, 1 occupied" in guest.ok("acpi")
    assert len([line for line in guest.ok("acpi").splitlines() if "MP0" in line]) == 1
    assert len([line for line in guest.ok("acpi -a").splitlines() if "MP0" in line]) == 5


def test_absent_tables_and_wrong_words(boot):
    guest = boot(slots=0, smp=1)
    guest.refused("srat", "ENODEV")
    guest.refused("slit", "ENODEV")
    assert guest.json("acpi -J")["slots"] == []
    for line in ("srat -x", "slit -b", "madt now", "acpi -J -q"):
        status, text = guest.run(line)
        assert status == 2 and "[EINVAL]" in text, f"{line}: {status}: {text}"
