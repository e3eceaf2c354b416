"""tools/bench_table.py - budgets, Linux's figures, and the table that sets them side by side.

Linux's were recorded by tools/bench_linux --record in the same virtual machine; they are those of
its configuration LEAN, which is the best for Linux.
"""
import json
import os

import qemu
from constants import MIB

RECORDED = os.path.join(qemu.ROOT, "tests/bench/linux/recorded.json")
COLUMNS = ("MEASURE", "HEADROOM", "BUDGET", "LINUX", "LINUX/HEADROOM", "")
SIZES = ("128M", "1G", "4G", "16G", "64G", "128G")

# (measure, size or None): at most so much
BUDGETS = {
    ("add", "1G"): 60_000, ("add", "128G"): 400_000,
    ("online movable", "1G"): 40_000, ("online movable", "128G"): 4_000_000,
    ("online kernel", "1G"): 40_000, ("online kernel", "128G"): 4_000_000,
    ("offline free movable", "1G"): 40_000, ("offline free movable", "128G"): 4_000_000,
    ("offline free kernel", "1G"): 40_000, ("offline free kernel", "128G"): 4_000_000,
    ("head", "1G"): 10 * MIB,
    ("head, share of the DIMM", "128G"): 0.80,
    ("page_alloc_free", None): 120,
    ("4 KiB page, all in", None): 2_000,
    ("2 MiB chunk / bare copy + scrub", None): 1.2,
    ("why, 1 GiB of 4 KiB pages", None): 10_000_000,
    ("offline -n, 1 GiB of 4 KiB pages", None): 10_000_000,
    ("offline refused: unmovable page", None): 60_000,
    ("refuse unmovable, worst case", None): 60_000,
    ("kernel to prompt", None): 0.5,
    ("ISO", None): 8_000_000,
    ("incremental build", None): 5,
}
BUDGETS.update({("existing memory eaten", size): 0 for size in SIZES})
for _kind in ("add", "online", "offline", "remove"):
    BUDGETS[(f"{_kind}, 128M to 1T", None)] = 1.1
    BUDGETS[(f"{_kind}, 1 to 256", None)] = 1.1
BUDGETS[("online", "1T")] = 20_000_000
BUDGETS[("lookup by address, 1 to 256", None)] = 0.3


def _recorded():
    """Linux's figures in the configuration that is best for it, as bench-linux recorded them."""
    with open(RECORDED, encoding="ascii") as file:
        rows = json.load(file)["rows"]
    return {(row["measure"], row["size"]): row["lean"] for row in rows
            if isinstance(row["lean"], (int, float))}


def number(value, unit):
    """A cell of the table; text stays as it is."""
    if value is None or isinstance(value, str):
        return value or ""
    text = f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return f"{text} {unit}".strip()


def ratio(value, linux):
    """How many times `value` fits into Linux's."""
    if linux is None or isinstance(linux, str) or isinstance(value, str):
        return ""
    return f"{linux / value:.1f}" if value else "all of it"


def columns(lines):
    """Lines of cells, set in columns: the first to the left, the others to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        (line[0].ljust(widths[0]) + "".join(
            f"  {cell.rjust(width)}" for cell, width in zip(line[1:], widths[1:])))
        .rstrip() for line in lines)


class Table:
    """Figures in the order they were measured."""

    def __init__(self):
        self.rows, self.linux = [], _recorded() if os.path.exists(RECORDED) else {}

    def add(self, group, measure, value, unit="", size=None):
        """Notes one figure: instructions unless a unit is given."""
        linux = self.linux.get((measure, size))
        budget = BUDGETS.get((measure, size))
        self.rows.append({
            "group": group, "measure": measure, "size": size, "value": value,
            "unit": unit or "instructions", "budget": budget,
            "linux": linux,
            "ok": None if budget is None else value <= budget,
        })

    def _cells(self, row):
        unit = "" if row["unit"] == "instructions" else row["unit"]
        return ("  " + row["measure"], number(row["value"], unit), number(row["budget"], unit),
                number(row["linux"], unit),
                ratio(row["value"], row["linux"]) if unit != "pages" else "",
                "MISSED" if row["ok"] is False else "")

    def text(self):
        """The table; figures without a unit are instructions."""
        lines, group = [COLUMNS], None
        for row in self.rows:
            if row["group"] != group:
                group = row["group"]
                lines.append((group, "", "", "", "", ""))
            lines.append(self._cells(row))
        return columns(lines)
