"""Hundreds of broken tables on the real boot path: each is refused by name, and nothing else ends.

tests/firmware/lies.py draws them from HEADROOM_SEED (default 1); a dozen of the same kinds, looked
at more closely, are in test_bad_tables.py and run always.
"""
import os
import re

import pytest

from lies import lies

CASES = lies(int(os.environ.get("HEADROOM_SEED", "1")))


def test_there_are_enough():
    assert len(CASES) >= 300 and len({name for name, *_ in CASES}) == len(CASES)


@pytest.mark.full
@pytest.mark.parametrize("tables, pattern", [pytest.param(*case, id=name)
                                             for name, *case in CASES])
def test_lie(boot, image, tables, pattern):
    guest = boot(iso=image(tables))
    log = guest.ok("dmesg")
    assert re.search(pattern, log), f"not in the log: {pattern}\n{log}"
    guest.prove()
