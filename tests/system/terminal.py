"""What a person sees: pyte's terminal behind a serial line or a pseudo terminal."""
import re

import pyte

COLUMNS, ROWS = 80, 50


class Terminal:
    """A terminal of COLUMNS x ROWS fed with text; rows come without the blanks at their ends."""

    def __init__(self, columns=COLUMNS, rows=ROWS):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)

    def feed(self, data):
        self.stream.feed(data if isinstance(data, bytes) else data.encode("latin-1"))

    def full_rows(self):
        """Every row with its blanks.  (pyte's own `display` fails on half a wide character.)"""
        return ["".join(self.screen.buffer[y][x].data for x in range(self.screen.columns))
                for y in range(self.screen.lines)]

    def rows(self):
        return [row.rstrip() for row in self.full_rows()]

    def text(self):
        """The whole screen in one string, rows joined as if they were one."""
        return "".join(self.full_rows())

    def typed(self, prompt="hr> "):
        """The rows from the last prompt on, and the cursor in them: ([rows], row, column)."""
        rows = self.rows()
        first = max((n for n, row in enumerate(rows) if (row + " ").startswith(prompt)), default=0)
        last = max(n for n, row in enumerate(rows) if row or n == first)
        cursor = self.screen.cursor
        row, column = cursor.y - first, cursor.x
        if column == self.screen.columns:  # late wrap: the next character goes to the next row
            row, column = row + 1, 0
        return rows[first:last + 1], row, column

    def at_prompt(self, prompt="hr> "):
        """Whether an empty line waits behind a prompt."""
        rows, row, column = self.typed(prompt)
        return rows == [prompt.rstrip()] and (row, column) == (0, len(prompt))


class Watcher:
    """The terminal of a guest, from the line that it is at on."""

    def __init__(self, guest, columns=COLUMNS, rows=ROWS):
        self.guest, self.fed = guest, guest.text.rfind("\n") + 1
        self.terminal = Terminal(columns, rows)

    def rows(self):
        """What it shows now."""
        text = self.guest.text
        self.terminal.feed(text[self.fed:])
        self.fed = len(text)
        return self.terminal.rows()

    def shows(self, pattern):
        """The match of a regular expression in one of its rows, or None."""
        return next(filter(None, (re.search(pattern, row) for row in self.rows())), None)
