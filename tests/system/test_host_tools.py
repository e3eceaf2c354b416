"""What stands around the machine: tools/dimm, its completion, the ISO, files for editors."""
import hashlib
import json
import os
import subprocess

import pexpect
import pytest

from conftest import ROOT


def tool(*words, **how):
    return subprocess.run([os.path.join(ROOT, words[0]), *words[1:]], cwd=ROOT, text=True,
                          capture_output=True, check=False, **how)


@pytest.fixture
def run(tmp_path):
    """A machine as make run has it; (its terminal, its QMP socket)."""
    shell = pexpect.spawn(os.path.join(ROOT, "tools/run"), cwd=ROOT, encoding="latin-1",
                          env=dict(os.environ, HEADROOM_RUN=str(tmp_path)), timeout=300)
    shell.expect(r"\nhr> ")
    yield shell, str(tmp_path / "qmp.sock")
    shell.send("\x01x")
    shell.expect(pexpect.EOF)
    shell.close()


def test_dimm(run):
    shell, socket = run
    dimm = ("tools/dimm", "--socket", socket)
    assert "no DIMM is plugged" in tool(*dimm, "list").stdout
    assert tool(*dimm, "add", "256M", "--id", "a").stdout.startswith("a: 256M at 0x100000000")
    shell.expect("dimm0, 256 MiB")
    watch = pexpect.spawn(os.path.join(ROOT, "tools/dimm"), ["--socket", socket, "watch"],
                          encoding="utf-8", timeout=120)
    watch.expect(r"a +0 +0 +0x100000000 +256M")
    busy = tool(*dimm, "add", "256M", "--id", "a")
    assert busy.returncode == 1 and "there is a a already" in busy.stderr
    wrong = tool(*dimm, "del", "nosuch")
    assert wrong.returncode == 1 and "plugged: a" in wrong.stderr
    gone = tool(*dimm, "del", "a")
    assert gone.returncode == 0 and "a: gone" in gone.stdout, gone.stderr
    watch.expect("DEVICE_DELETED device=a")
    watch.close(force=True)


def test_dimm_shows_the_guests_refusal(run):
    shell, socket = run
    tool("tools/dimm", "--socket", socket, "add", "256M")
    shell.expect("dimm0, 256 MiB")
    shell.send("online dimm0 kernel; hog start x 4M kernel; policy eject manual; echo rea\"\"dy\r")
    shell.expect("ready\r*\n")
    shell.send("policy eject auto; hog stop x; hog start y 440M kernel order=4 stride=1M; "
               "echo fu\"\"ll\r")
    shell.expect("full\r*\n")
    refused = tool("tools/dimm", "--socket", socket, "del", "d0")
    assert refused.returncode == 1 and "the guest refused: _OST" in refused.stderr, refused.stderr


def test_dimm_without_a_machine(tmp_path):
    alone = tool("tools/dimm", "--socket", str(tmp_path / "none"), "list")
    assert alone.returncode == 1 and "start one with `make run`" in alone.stderr


@pytest.mark.parametrize("words,offered", [
    (["tools/dimm", ""], {"add", "del", "list", "events", "watch"}),
    (["tools/dimm", "ev"], {"events"}), (["tools/dimm", "add", "1"], {"128M", "1G"}),
    (["tools/dimm", "add", "1G", "--n"], {"--node"})])
def test_completion_of_bash(words, offered):
    script = ("source tools/completion.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
              "_headroom_dimm; printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", script, "bash", *words], cwd=ROOT, check=True, text=True,
                          capture_output=True)
    assert offered <= set(done.stdout.split())


def test_the_iso_is_the_same_twice(tmp_path):
    sums = []
    for name in ("one.iso", "two.iso"):
        path = tmp_path / name
        done = tool("tools/mkiso", "build/headroom.elf", "iso/grub.cfg", str(path))
        assert done.returncode == 0, done.stderr
        sums.append(hashlib.sha256(path.read_bytes()).hexdigest())
    assert sums[0] == sums[1]


def test_compile_commands(tmp_path):
    done = subprocess.run(["make", "-s", "compile_commands.json", f"BUILD={tmp_path}"], cwd=ROOT,
                          check=True, capture_output=True, text=True)
    with open(tmp_path / "compile_commands.json", encoding="utf-8") as made:
        entries = {entry["file"]: entry["arguments"] for entry in json.load(made)}
    assert "-ffreestanding" in entries["kernel/panic.c"], done.stderr


def test_the_devcontainer_is_json():
    with open(os.path.join(ROOT, ".devcontainer/devcontainer.json"), encoding="utf-8") as page:
        assert json.load(page)["image"].startswith("debian:")
