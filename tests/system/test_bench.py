"""The benchmarks under instruction counting measure everything, and no budget is missed."""
import json
import os
import subprocess
import xml.etree.ElementTree

import pytest

import bench_scale
import svg_plot
from conftest import ROOT


@pytest.mark.full
def test_budgets(tmp_path):
    rows_file = tmp_path / "bench.json"
    done = subprocess.run(
        [os.path.join(ROOT, "tools/bench"), "--check", "--instructions", "--sizes", "1G,128G",
         "--json", str(rows_file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(rows_file.read_text())["rows"]
    judged = {(row["measure"], row["size"]) for row in rows if row["budget"] is not None}
    assert ("add", "128G") in judged and ("existing memory eaten", "1G") in judged
    assert ("4 KiB page, all in", None) in judged and ("online", "1T") in judged
    assert ("add, 1 to 256", None) in judged and len(judged) >= 20
    assert all(row["value"] <= row["budget"] for row in rows if row["budget"] is not None)


@pytest.mark.full
def test_an_offline_while_four_cpus_write(tmp_path):
    """By instructions of one CPU, so that the host's load does not matter."""
    rows_file = tmp_path / "smp.json"
    done = subprocess.run(
        [os.path.join(ROOT, "tools/bench_smp"), "--check", "--only", "migration", "--json",
         str(rows_file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    judged = [row for row in json.loads(rows_file.read_text())["rows"] if row["most"] is not None]
    assert len(judged) == 2 and all(0.9 < row["value"] <= row["most"] for row in judged)


def test_several_cpus_get_done_more_than_nothing(boot):
    """`bench -c`: the figures depend on the host, that there are some does not."""
    guest = boot(smp=2)
    for cpus in (1, 2):
        rows = {row["name"]: row for row in
                guest.json(f"bench alloc -c {cpus} -J", scale=4)["benchmarks"]}
        assert {"page_alloc_free", "page_alloc_free_order9", "kmalloc_free_64"} <= set(rows)
        assert all(row["count"] > 0 for row in rows.values()), rows
        assert not any("mmu" in name for name in rows), "shares tables: for one CPU only"
    guest.refused("bench page -c 3", "ENODEV")
    guest.refused("bench mmu -c 2", "ENOENT")
    for wrong in ("-c 0", "-c x", "-c 65", "a b"):
        guest.refused(f"bench {wrong}", "EINVAL")


def test_exponents_are_those_of_the_curve(tmp_path):
    square = [(x, 3 * x * x) for x in (1, 2, 8, 64)]
    bent = [(1, 10), (2, 20), (4, 80)]
    assert bench_scale.exponent(square) == pytest.approx(2)
    assert 1 < bench_scale.exponent(bent) < 2 == pytest.approx(bench_scale.steepest(bent))
    path = tmp_path / "plot.svg"
    svg_plot.write(path, svg_plot.Axes("a < b", "x", "y", {1: "one", 64: "many"}),
                   [svg_plot.Line("square", square, svg_plot.COLOURS[0])])
    drawn = xml.etree.ElementTree.parse(path).getroot()
    assert len(drawn.findall("{http://www.w3.org/2000/svg}circle")) == len(square)


def test_bench_linux_names_the_package_that_is_missing(tmp_path):
    """Without the mirror bench-linux says so, and fails."""
    done = subprocess.run(
        [os.path.join(ROOT, "tools/bench_linux")], capture_output=True, text=True, check=False,
        env={**os.environ, "LINUX_IMAGE": "linux-image-of-nobody",
             "XDG_CACHE_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert "missing: no package linux-image-of-nobody" in done.stderr
    assert not done.stdout
