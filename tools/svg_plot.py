"""tools/svg_plot.py - line plots on two logarithmic axes, as SVG, with nothing but Python."""
import collections
import html
import math

# Told apart by those who see colours otherwise, too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#aa3377", "#555555")

Line = collections.namedtuple("Line", "name points colour dashed", defaults=(False,))
# ticks: {x: text}
Axes = collections.namedtuple("Axes", "title x_label y_label ticks")

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 84, 250, 56, 64
FONT = "font-family='DejaVu Sans, Helvetica, Arial, sans-serif'"
PREFIXES = ("", " k", " M", " G", " T")


def short(value):
    """1000000 -> 1 M."""
    power = min(int(round(math.log10(value))) // 3, len(PREFIXES) - 1) if value >= 1 else 0
    return f"{value / 1000 ** power:g}{PREFIXES[power]}"


class Scale:
    """Maps a range of numbers to a range of pixels by their logarithms."""

    def __init__(self, low, high, start, end):
        self.low, self.span = math.log(low), math.log(high) - math.log(low)
        self.start, self.length = start, end - start

    def __call__(self, value):
        return self.start + self.length * (math.log(value) - self.low) / self.span


def text(x, y, what, size=13, anchor="middle", extra=""):
    return (f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' text-anchor='{anchor}'"
            f" fill='#222' {extra}>{html.escape(what)}</text>")


def stroke(x1, y1, x2, y2, colour="#ddd", width=1.0, extra=""):
    return (f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}'"
            f" stroke-width='{width}' {extra}/>")


def grid(axes, x, y, decades):
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    out = []
    for power in decades:
        at = y(10 ** power)
        out += [stroke(LEFT, at, right, at), text(LEFT - 10, at + 4, short(10 ** power), 12, "end")]
    for value, name in axes.ticks.items():
        at = x(value)
        out += [stroke(at, TOP, at, bottom, "#eee"), stroke(at, bottom, at, bottom + 5, "#444"),
                text(at, bottom + 20, name, 12)]
    out += [stroke(LEFT, bottom, right, bottom, "#444", 1.2),
            stroke(LEFT, TOP, LEFT, bottom, "#444", 1.2),
            text((LEFT + right) / 2, HEIGHT - 16, axes.x_label),
            text(22, (TOP + bottom) / 2, axes.y_label,
                 extra=f"transform='rotate(-90 22 {(TOP + bottom) / 2:.1f})'"),
            text(LEFT, 30, axes.title, 16, "start", "font-weight='bold'")]
    return out


def curve(line, x, y):
    dots = [(x(a), y(b)) for a, b in line.points]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in dots)
    dashes = " stroke-dasharray='7 5'" if line.dashed else ""
    fill = "#fff" if line.dashed else line.colour
    return [f"<polyline points='{path}' fill='none' stroke='{line.colour}'"
            f" stroke-width='2.2'{dashes}/>"] + [
            f"<circle cx='{a:.1f}' cy='{b:.1f}' r='3.6' fill='{fill}' stroke='{line.colour}'"
            " stroke-width='1.6'/>" for a, b in dots]


def legend(lines):
    out = []
    for i, line in enumerate(lines):
        at = TOP + 14 + 24 * i
        dashes = "stroke-dasharray='7 5'" if line.dashed else ""
        out += [stroke(WIDTH - RIGHT + 18, at, WIDTH - RIGHT + 48, at, line.colour, 2.4, dashes),
                text(WIDTH - RIGHT + 56, at + 4, line.name, 12, "start")]
    return out


def write(path, axes, lines):
    """Draws the lines, the largest at the top of the legend."""
    values = [b for line in lines for _, b in line.points]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    x = Scale(min(axes.ticks), max(axes.ticks), LEFT + 16, WIDTH - RIGHT - 16)
    y = Scale(10 ** low, 10 ** high, HEIGHT - BOTTOM, TOP)
    lines = sorted(lines, key=lambda line: -line.points[-1][1])
    parts = [f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{HEIGHT}'"
             f" viewBox='0 0 {WIDTH} {HEIGHT}' {FONT}>",
             f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#fff'/>",
             *grid(axes, x, y, range(low, high + 1))]
    for line in lines:
        parts += curve(line, x, y)
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(parts + legend(lines) + ["</svg>"]) + "\n")
