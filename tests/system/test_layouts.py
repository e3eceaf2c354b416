"""The reports look as those of the Debian tools whose names they have.

Each FORMAT says what every line of a report must be.  It is held against what the host's own tool
prints (where the host lets it), or against a record of that, and then against ours.
"""
import os
import re
import subprocess

import pytest

SIZE = r"\d+(\.\d)?[BKMGT]"
HUMAN = r"(\d\.\d[KMGT]i|\d+[KMGT]i|\d+B)"

# util-linux 2.38, 3 + 21 GiB
LSMEM = """\
RANGE                                 SIZE  STATE REMOVABLE  BLOCK
0x0000000000000000-0x00000000bfffffff   3G online       yes   0-23
0x0000000100000000-0x000000063fffffff  21G online       yes 32-199

Memory block size:       128M
Total online memory:      24G
Total offline memory:      0B
"""
# procps 4.0
FREE = """\
               total        used        free      shared  buff/cache   available
Mem:            23Gi       4.7Gi        15Gi        10Mi       3.5Gi        18Gi
Swap:             0B          0B          0B
"""
# numactl 2.0.16
NUMA = """\
available: 2 nodes (0-1)
node 0 cpus: 0 1
node 0 size: 24105 MB
node 0 free: 16113 MB
node 1 cpus:
node 1 size: 510 MB
node 1 free: 8 MB
node distances:
node   0   1\x20
  0:  10  31\x20
  1:  31  10\x20
"""
# Linux 6.1
BUDDYINFO = """\
Node 0, zone      DMA\
      0      0      0      0      0      0      0      0      1      1      3\x20
Node 0, zone   Normal\
  19179  47371  41459  13205   4818   2584   1567    780    428     16   2428\x20
"""
ZONEINFO = """\
Node 0, zone   Normal
  pages free     621596
        boost    0
        min      14207
        present  5505024
        managed  5368459
  pagesets
    cpu: 0
              count: 12
              high:  14
              batch: 7
"""
IOMEM = """\
00000000-00000fff : Reserved
00001000-0009fbff : System RAM
100000000-63fffffff : System RAM
  10be00000-10cdfffff : Kernel code
"""

FORMATS = {
    "lsmem": (LSMEM, ["lsmem"], [
        r"RANGE +SIZE +STATE REMOVABLE +BLOCK",
        rf"0x[0-9a-f]{{16}}-0x[0-9a-f]{{16}} +{SIZE} +(online|offline|memmap) +(yes|no)"
        r" +\d+(-\d+)?",
        r"", rf"Memory block size: {{5}} {{0,3}}{SIZE}", rf"Total online memory: {{3}} *{SIZE}",
        rf"Total offline memory: {{2}} *{SIZE}"]),
    "free -h": (FREE, ["free", "-h"], [
        r" {15}total {8}used {8}free( .*)?", rf"Mem: {{5,}}{HUMAN} +{HUMAN} +{HUMAN}( .*)?",
        r"Swap: .*"]),
    "free": (None, ["free"], [
        r" {15}total {8}used {8}free( .*)?", r"Mem: {5,}\d+ +\d+ +\d+( .*)?", r"Swap: .*"]),
    "free -b": (None, ["free", "-b"], [
        r" {15}total {8}used {8}free( .*)?", r"Mem: {5,}\d+ +\d+ +\d+( .*)?", r"Swap: .*"]),
    "numa": (NUMA, ["numactl", "-H"], [
        r"available: \d+ nodes \(\d+(-\d+)?\)", r"node \d+ cpus:( \d+)*", r"node \d+ size: \d+ MB",
        r"node \d+ free: \d+ MB", r"node distances:", r"node( {2,3}\d+)+ ",
        r" {1,2}\d+:( {1,3}\d+)+ "]),
    "buddyinfo": (BUDDYINFO, ["cat", "/proc/buddyinfo"], [r"Node \d+, zone +\w+( +\d+)+ "]),
    "zoneinfo": (ZONEINFO, ["cat", "/proc/zoneinfo"], [
        r"Node \d+, zone +\w+", r"  pages free {5}\d+", r" {8}present  \d+", r" {8}managed  \d+",
        r"  pagesets.*", r" {4}cpu: \d+.*", r" {14}count: +\d+", r" {14}high: +\d+",
        r" {14}batch: +\d+"]),
    "iomem": (IOMEM, ["cat", "/proc/iomem"], [
        r"( {2})*[0-9a-f]{8,}-[0-9a-f]{8,} : [^ ].*"]),
}
# Reports that have lines of their own among these.
LOOSE = {"zoneinfo"}


def wrong_lines(name, text):
    """Lines that the format does not know, and lines of the format that are not there."""
    lines, patterns = text.rstrip("\n").split("\n"), FORMATS[name][2]
    unknown = [line for line in lines if not any(re.fullmatch(p, line) for p in patterns)]
    absent = [p for p in patterns if not any(re.fullmatch(p, line) for line in lines)
              and not p.startswith("Swap")]
    return ([] if name in LOOSE else unknown) + absent


def column_ends(text):
    """Where the words of a table's first line end."""
    return [match.end() for match in re.finditer(r"\S+", text.split("\n", 1)[0])]


def right_aligned(text, columns):
    """Whether the cells of these columns end where their titles do."""
    lines = text.split("\n\n")[0].rstrip("\n").split("\n")
    ends = column_ends(text)
    return all(re.match(r".{%d}\S( |$)" % (ends[n] - 1), line)
               for line in lines for n in columns)


@pytest.fixture(scope="module")
def reports(request):
    """What our machine prints, by command."""
    from conftest import wanted_machine
    from harness import Machine
    log = os.path.join(request.config.rootpath, "build/system-logs/test_layouts.log")
    with Machine(log=log, nodes=2, extra=["-numa", "dist,src=0,dst=1,val=31"],
                 **wanted_machine(request.config)) as guest:
        guest.wait_prompt()
        guest.plug("1G", node=1)
        guest.ok("online dimm0 movable")
        yield {name: guest.ok(name) for name in [*FORMATS, "lsmem -o +NODE,ZONES"]}


@pytest.mark.parametrize("name", [name for name in FORMATS if FORMATS[name][0]])
def test_the_record_has_the_format(name):
    assert not wrong_lines(name, FORMATS[name][0])


@pytest.mark.parametrize("name", FORMATS)
def test_the_hosts_tool_has_the_format(name):
    try:
        done = subprocess.run(FORMATS[name][1], capture_output=True, text=True, check=False,
                              env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    except FileNotFoundError:
        pytest.skip("the tool is not installed")
    if done.returncode != 0 or not done.stdout:
        pytest.skip(f"the host does not let it: {done.stderr}")
    assert not wrong_lines(name, done.stdout)


@pytest.mark.parametrize("name", FORMATS)
def test_ours_has_the_format(reports, name):
    assert not wrong_lines(name, reports[name]), reports[name]


@pytest.mark.parametrize("name,columns", [("lsmem", range(1, 5)),
                                          ("lsmem -o +NODE,ZONES", range(1, 7))])
def test_lsmem_is_aligned(reports, name, columns):
    assert right_aligned(LSMEM, range(1, 5))
    assert right_aligned(reports[name], columns), reports[name]


def test_free_is_aligned(reports):
    for name in ("free", "free -h", "free -b"):
        assert column_ends(reports[name])[:3] == column_ends(FREE)[:3] == [20, 32, 44]
        assert [match.end() for match in re.finditer(r"\S+", reports[name].split("\n")[1])
                ][1:4] == [20, 32, 44]


def test_lsmem_columns_of_2_42(boot):
    guest = boot()
    guest.plug("256M")
    guest.ok("online dimm0")
    text = guest.ok("lsmem -o RANGE,block,configured,memmap-on-memory")
    assert text.split("\n")[0].split() == ["RANGE", "BLOCK", "CONFIGURED", "MEMMAP-ON-MEMORY"]
    assert re.search(r"^0x0000000100000000-\S+ 32-33 +yes +yes$", text, re.M), text
    assert re.search(r"^0x0000000000000000-\S+ +0-3 +yes +no$", text, re.M), text
    rows = guest.json("lsmem -J -o RANGE,CONFIGURED,MEMMAP-ON-MEMORY")["memory"]
    assert [row["memmap-on-memory"] for row in rows] == [False, True]
    assert all(row["configured"] is True for row in rows)


def test_chmem_statuses(boot):
    """0: all of it; 1: none of it; 64: a part, which stays (chmem(8))."""
    guest = boot()
    guest.plug("512M")
    assert guest.run("chmem -e 256M")[0] == 0
    status, text = guest.run("chmem -e 1G")
    assert status == 64 and "chmem: only 256M enabled" in text and "[ENOMEM]" in text
    assert guest.lsdimm()[0]["state"] == "online"
    with guest.same_census():
        assert guest.run("chmem -e 128M")[0] == 1
        assert guest.run("chmem -d 100M")[0] == 1
        assert guest.run("chmem -e x")[0] == 2
    guest.ok("offline dimm0; hog start x 64M kernel")
    status, text = guest.run("chmem -d 0-640M")
    assert status in (1, 64) and "error: chmem: " in text
    assert guest.ok("chmem -e -b 32; echo $?").endswith("0\n")
    assert guest.run("chmem -e -b 33-34 -z Sideways")[0] == 2
