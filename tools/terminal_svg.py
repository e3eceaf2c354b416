"""tools/terminal_svg.py - a pyte screen as an SVG picture."""
from xml.sax.saxutils import escape

CELL_W, CELL_H, FONT = 8.4, 17, 14
NAMED = {"black": "1c1c1c", "red": "ff6b6b", "green": "5fd787", "brown": "ffd75f",
         "blue": "6cb6ff", "magenta": "d787ff", "cyan": "5fd7d7", "white": "d0d0d0"}
FOREGROUND, BACKGROUND = "d0d0d0", "16181d"


def color(name, default):
    return NAMED.get(name, default if name == "default" else name)


def runs(row, columns, key):
    """(first column, [cells]) of neighbours with the same key."""
    start = 0
    while start < columns:
        end = start
        while end < columns and key(row[end]) == key(row[start]):
            end += 1
        yield start, [row[x] for x in range(start, end)]
        start = end


def rectangle(x, y, width, fill):
    return (f'<rect x="{x * CELL_W:.1f}" y="{y * CELL_H}" width="{width * CELL_W + 0.2:.1f}"'
            f' height="{CELL_H}" fill="#{fill}"/>')


def half_blocks(x, y, cells):
    """Cells drawn by U+258C: the left half in the foreground colour, the right in the other."""
    halves = [fill for c in cells for fill in (color(c.fg, FOREGROUND), color(c.bg, BACKGROUND))]
    start = 0
    while start < len(halves):
        end = start
        while end < len(halves) and halves[end] == halves[start]:
            end += 1
        yield rectangle(x + start / 2, y, (end - start) / 2, halves[start])
        start = end


def row_svg(row, y, columns):
    for x, cells in runs(row, columns, lambda c: (c.bg, c.reverse, c.data == "\u258c")):
        if cells[0].data == "\u258c":
            yield from half_blocks(x, y, cells)
        elif cells[0].bg != "default":
            yield rectangle(x, y, len(cells), color(cells[0].bg, BACKGROUND))
    for x, cells in runs(row, columns, lambda c: (c.fg, c.bold, c.data == "\u258c")):
        text = "".join(c.data for c in cells)
        if not text.strip() or cells[0].data == "\u258c":
            continue
        left = len(text) - len(text.lstrip())
        weight = ' font-weight="bold"' if cells[0].bold else ""
        # textLength keeps the columns where they are, whatever font there is.
        yield (f'<text x="{(x + left) * CELL_W:.1f}" y="{y * CELL_H + 13}" xml:space="preserve"'
               f' textLength="{len(text.strip()) * CELL_W:.1f}" lengthAdjust="spacingAndGlyphs"'
               f' fill="#{color(cells[0].fg, FOREGROUND)}"{weight}>{escape(text.strip())}</text>')


def svg(screen, title):
    """The screen's rows down to the last that shows something."""
    used = [y for y in range(screen.lines)
            if any(screen.buffer[y][x].data.strip() or screen.buffer[y][x].bg != "default"
                   for x in range(screen.columns))]
    rows = max(used, default=0) + 1
    width, height = screen.columns * CELL_W + 20, rows * CELL_H + 20
    body = [part for y in range(rows) for part in row_svg(screen.buffer[y], y, screen.columns)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}"'
            f' width="{width:.0f}" height="{height}">\n<title>{escape(title)}</title>\n'
            f'<rect width="100%" height="100%" rx="6" fill="#{BACKGROUND}"/>\n'
            f'<g transform="translate(10,10)" font-family="DejaVu Sans Mono, Menlo, Consolas,'
            f' monospace" font-size="{FONT}">\n' + "\n".join(body) + "\n</g>\n</svg>\n")
