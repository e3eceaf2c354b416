"""tools/bench_table.py - budgets, Linux's figures, and the table that sets them side by side.

Linux: Debian's 6.12, memmap_on_memory on, in the same virtual machine with `-icount
shift=0,sleep=off`, counted the same way (the ACPI part apart).
"""
MIB = 1 << 20
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
    ("kernel to prompt", None): 0.5,
    ("ISO", None): 8_000_000,
    ("incremental build", None): 5,
}
BUDGETS.update({("existing memory eaten", size): 0 for size in SIZES})


def _by_size(measure, *figures, scale=1):
    return {(measure, size): round(figure * scale) for size, figure in zip(SIZES, figures)}


LINUX = {
    **_by_size("add", 0.11, 0.73, 2.83, 11.4, 46, 91, scale=1_000_000),
    **_by_size("online movable", 2.08, 16.5, 72.5, 399, 3334, 11307, scale=1_000_000),
    **_by_size("offline free movable", 3.0, 27.8, 109, 534, 3868, 12370, scale=1_000_000),
    **_by_size("remove", 0.07, 0.4, 1.7, 6.7, 27, 55, scale=1_000_000),
    **_by_size("existing memory eaten", 32, 48, 180, 812, 3796, 7156, scale=1024),
    **_by_size("head", 2048, 16384, 65536, 262144, 1048576, 2097152, scale=1024),
    ("page_alloc_free", None): 700,
    ("4 KiB page, all in", None): 14_120,
}


def _number(value, unit):
    if value is None:
        return ""
    text = f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return f"{text} {unit}".strip()


def _ratio(value, linux):
    if linux is None:
        return ""
    return f"{linux / value:.1f}" if value else "all of it"


class Table:
    """Figures in the order they were measured."""

    def __init__(self):
        self.rows = []

    def add(self, group, measure, value, unit="", size=None):
        """Notes one figure: instructions unless a unit is given."""
        budget = BUDGETS.get((measure, size))
        self.rows.append({
            "group": group, "measure": measure, "size": size, "value": value,
            "unit": unit or "instructions", "budget": budget,
            "linux": LINUX.get((measure, size)),
            "ok": None if budget is None else value <= budget,
        })

    def _cells(self, row):
        unit = "" if row["unit"] == "instructions" else row["unit"]
        return ("  " + row["measure"], _number(row["value"], unit), _number(row["budget"], unit),
                _number(row["linux"], unit), _ratio(row["value"], row["linux"]),
                "MISSED" if row["ok"] is False else "")

    def text(self):
        """The table; figures without a unit are instructions."""
        lines, group = [COLUMNS], None
        for row in self.rows:
            if row["group"] != group:
                group = row["group"]
                lines.append((group, "", "", "", "", ""))
            lines.append(self._cells(row))
        widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
        return "\n".join(
            (line[0].ljust(widths[0]) + "".join(
                f"  {cell.rjust(width)}" for cell, width in zip(line[1:-1], widths[1:-1]))
             + (f"  {line[-1]}" if line[-1] else "")).rstrip() for line in lines)
