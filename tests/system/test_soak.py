"""The soak (soak.py) as a test: a few cycles always, 200 in the full suite."""
import pytest

from soak import MACHINE, Soak

SEED = 20211026


def soaked(boot, cycles, **machine):
    soak = Soak(boot(**MACHINE, **machine), SEED)
    soak.run(cycles)
    assert soak.lost == 0
    assert soak.counts["ejected"] == soak.counts["plugged"] >= cycles
    assert soak.counts["hogs"] and soak.counts["moved"], "the cycles did something"


def test_a_few_cycles(boot):
    soaked(boot, 5)


@pytest.mark.full
@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_two_hundred_cycles(boot, machine):
    soaked(boot, 200 if machine == "q35" else 40, machine=machine)
