"""Fixtures of the system tests: machines that are checked when a test is done with them."""
import os
import re
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
for folder in ("tools", "tests/system", "tests/firmware"):
    sys.path.insert(0, os.path.join(ROOT, folder))

# pylint: disable=wrong-import-position
import iso  # noqa: E402
import qemu  # noqa: E402
from harness import KASAN_BUILD, Machine  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="run the long tests too")
    parser.addoption("--smp", type=int, help="CPUs of machines whose test does not say")
    parser.addoption("--machine", choices=("q35", "pc"), help="the same for the machine")


def pytest_collection_modifyitems(config, items):
    left_out = {}
    if not config.getoption("--full"):
        left_out["full"] = "long: make test-full runs it"
    if KASAN_BUILD:
        left_out["huge"] = "an eighth of the DIMM is shadow, which the host would have to pay for"
    for item in items:
        for mark, reason in left_out.items():
            if mark in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


def wanted_machine(config):
    """--smp and --machine as arguments of a Machine."""
    options = {option: config.getoption(f"--{option}") for option in ("smp", "machine")}
    return {option: value for option, value in options.items() if value is not None}


@pytest.fixture
def boot(request):
    """boot(**machine) starts a Machine and waits for its prompt; all end with the test.

    A machine still up when a test has passed must answer `check: ok` and have printed no trouble.
    Arguments: those of qemu.command_line(), and prompt=False, paused=True, expect_trouble=True.
    """
    machines = []
    logs = os.path.join(ROOT, "build/system-logs")
    os.makedirs(logs, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9_.=-]+", "_", request.node.name)

    wanted = wanted_machine(request.config)

    def start(prompt=True, expect_trouble=False, **machine):
        machine = {**wanted, **machine}
        log = os.path.join(logs, f"{request.node.path.stem}-{name}-{len(machines)}.log")
        guest = Machine(log=log, **machine)
        guest.expect_trouble = expect_trouble
        machines.append(guest)
        if prompt:
            guest.wait_prompt()
        return guest

    yield start
    passed = getattr(request.node, "report_call", None) and request.node.report_call.passed
    try:
        if passed:
            for machine in machines:
                machine.at_end()
    finally:
        for machine in machines:
            machine.close()


@pytest.fixture
def image(tmp_path):
    """image(tables, **options) makes a boot image that lies (tests/firmware/iso.py); its path."""
    return lambda tables=(), **options: iso.make(qemu.image(), str(tmp_path / "lie.iso"), tables,
                                                 **options)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.report_call = outcome.get_result()
