"""tools/bench_scale.py - how cost grows with the size of a DIMM and with the number of DIMMs.

Each sweep fits cost = c * x^e by least squares over the logarithms, puts e beside its budget, and
the curves into one picture, build/bench/scale.svg.
"""
import json
import math
import os
import re

import svg_plot
from bench_machine import OUT, Machine, say
from bench_table import RECORDED

SIZES = ("128M", "512M", "2G", "8G", "32G", "128G", "1T")
BIG = "max,phys-bits=46"  # 1 TiB from 4 GiB on needs more than the usual 40 address bits
DEVICES = 256
SOME = 16                 # commands on one line of the shell
STEPS = [1 << i for i in range(DEVICES.bit_length())]
UNITS = {"M": 1, "G": 1024, "T": 1024 * 1024}
KINDS = ("add", "online", "offline", "remove")


def exponent(points):
    """e of the power law through [(x, y)]."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    middle_x = sum(x for x, _ in logs) / len(logs)
    middle_y = sum(y for _, y in logs) / len(logs)
    return (sum((x - middle_x) * (y - middle_y) for x, y in logs)
            / sum((x - middle_x) ** 2 for x, _ in logs))


def steepest(points):
    """The greatest exponent between two neighbouring points: where a straight line hides it."""
    return max(exponent(points[i:i + 2]) for i in range(len(points) - 1))


def note_exponents(table, group, curves, span):
    for kind, points in curves.items():
        table.add(group, f"{kind}, {span}", round(exponent(points), 3), "exponent")
        table.add(group, f"{kind}, steepest step", round(steepest(points), 3), "exponent")


def mebibytes(size):
    return int(size[:-1]) * UNITS[size[-1]]


# --- size ----------------------------------------------------------------------------------------

def life(guest, size):
    """{kind: instructions} of one DIMM that nobody uses."""
    ident, dimm = guest.dimm(size)
    cost = {"add": guest.cycles("add"),
            "online": guest.measured(f"online {dimm['name']} movable", "online"),
            "offline": guest.measured(f"offline {dimm['name']}", "offline")}
    guest.eject(ident)
    return {**cost, "remove": guest.cycles("remove")}


def sizes(table):
    curves = {kind: [] for kind in KINDS}
    with Machine("scale-size", maxmem="2T", cpu=BIG) as guest:
        guest.dimm("128M")  # the lower neighbour that every other one has then, too
        for size in SIZES:
            say(f"cost by size: {size}")
            for kind, cost in life(guest, size).items():
                curves[kind].append((mebibytes(size), cost))
                if size == SIZES[-1]:
                    table.add("cost by size", kind, cost, size=size)
    note_exponents(table, "cost by size", curves, f"{SIZES[0]} to {SIZES[-1]}")
    draw("size", curves)


# --- number of devices -------------------------------------------------------------------------

def worker_us(guest):
    """CPU time so far of the threads that run the firmware's AML and serve its events."""
    return sum(thread["runtime_us"] for thread in guest.json("threads -J")["threads"]
               if thread["name"] in ("acpi", "hotplug"))


def lookup(guest):
    return guest.json("bench block_lookup -J", scale=4)["benchmarks"][0]["per_unit"]


def plug_all(guest, looks):
    """Costs of adding the Nth while N - 1 are there: (core, firmware in all); ids by name."""
    cost, idents, before = {}, {}, worker_us(guest)
    for number in range(1, DEVICES + 1):
        mark = guest.qmp.mark()
        ident = guest.plug("128M", wait=False, backing="memfd")
        guest.ost(mark, 600, source=1)
        idents[f"dimm{number - 1}"] = ident
        if number % SOME == 0 or number in STEPS:
            guest.wait_until(lambda n=number: len(guest.all_names()) == n, f"{number} DIMMs")
            cost.update(guest.all_cycles("add"))
        if number in STEPS:
            looks.append((number, lookup(guest)))
    core = sum(cost.values())
    return cost, (worker_us(guest) - before) * 1000 - core, idents


def run_all(guest, command, kind, names):
    """The command for each name, in order: {name: instructions}."""
    cost = {}
    for start in range(0, len(names), SOME):
        guest.ok("; ".join(command.format(name) for name in names[start:start + SOME]), 8)
        cost.update(guest.all_cycles(kind))
    return cost


def totals(cost, names):
    """[(N, cost of the first N)] at the steps."""
    return [(step, sum(cost[name] for name in names[:step])) for step in STEPS]


def devices(table):
    names, curves, looks = [f"dimm{i}" for i in range(DEVICES)], {}, []
    with Machine("scale-devices", slots=DEVICES, maxmem="64G") as guest:
        say(f"cost by devices: adding {DEVICES}")
        cost, firmware, idents = plug_all(guest, looks)
        curves["add"] = totals(cost, names)
        say("cost by devices: online, offline, eject")
        for kind, command in (("online", "online {} movable"), ("offline", "offline {}")):
            order = names if kind == "online" else names[::-1]
            curves[kind] = totals(run_all(guest, command, kind, order), names)
        mark = guest.qmp.mark()
        curves["remove"] = totals(run_all(guest, "eject {}", "remove", names[::-1]), names)
        for ident in idents.values():
            guest.gone(ident, mark)
    for kind in KINDS:
        table.add("cost by devices", f"{kind}, all {DEVICES}", curves[kind][-1][1])
    note_exponents(table, "cost by devices", curves, f"1 to {DEVICES}")
    table.add("cost by devices", f"lookup by address, 1 to {DEVICES}",
              round(exponent(looks), 3), "exponent")
    table.add("cost by devices", f"lookup by address, {DEVICES}", looks[-1][1])
    table.add("cost by devices", f"firmware and its interpreter, adding {DEVICES}", firmware)
    draw("devices", curves)


# --- the picture ---------------------------------------------------------------------------

def linux_by_size(measure):
    """Linux's recorded curve of a measure."""
    if not os.path.exists(RECORDED):
        return []
    with open(RECORDED, encoding="ascii") as file:
        return [(mebibytes(row["size"]), row["lean"]) for row in json.load(file)["rows"]
                if row["measure"] == measure and row["size"]
                and isinstance(row["lean"], (int, float))]


def draw(name, curves):
    """build/bench/scale-NAME.svg"""
    colours = dict(zip(KINDS, svg_plot.COLOURS))
    lines = [svg_plot.Line(f"{kind}, exponent {exponent(points):.2f}", points, colours[kind])
             for kind, points in curves.items()]
    if name == "size":
        title = "What a DIMM costs by its size (128 MiB to 1 TiB, nobody using it)"
        for kind, measure in (("online", "online movable"), ("add", "add")):
            points = linux_by_size(measure)
            if points:
                lines.append(svg_plot.Line(f"Linux: {kind}, exponent {exponent(points):.2f}",
                                           points, colours[kind], dashed=True))
        label, ticks = "size of the DIMM", {mebibytes(size): re.sub(r"([MGT])$", r" \1iB", size)
                                            for size in SIZES}
    else:
        title = "What N DIMMs of 128 MiB cost in all, one after the other"
        label, ticks = "number of DIMMs", {step: str(step) for step in STEPS}
    path = os.path.join(OUT, f"scale-{name}.svg")
    svg_plot.write(path, svg_plot.Axes(title, label, "instructions", ticks), lines)
    say(f"drew {os.path.relpath(path)}")
