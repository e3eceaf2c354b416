"""What stands around the machine: tools/dimm, its completion, set-up, ISO, files for editors."""
import hashlib
import json
import os
import shutil
import subprocess

import pexpect
import pytest

import qemu
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


def completed(words):
    """What bash offers for the last of the words."""
    script = ("source tools/completion.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
              "_headroom_dimm; printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", script, "bash", *words], cwd=ROOT, check=True, text=True,
                          capture_output=True)
    return set(done.stdout.split())


def test_dimm_events(run):
    """What `events` shows of a DIMM's life, and the names that the completion knows of."""
    shell, socket = run
    dimm = ("tools/dimm", "--socket", socket)
    events = pexpect.spawn(os.path.join(ROOT, "tools/dimm"), ["--socket", socket, "events"],
                           encoding="utf-8", timeout=300)
    events.expect("waiting for hot-plug events")
    for name in ("north", "south"):
        assert tool(*dimm, "add", "128M", "--id", name).returncode == 0
        events.expect(rf"_OST slot \d \({name}\): device check: success \[source 0x1 status 0x0\]")
    shell.expect("dimm1, 128 MiB")
    assert completed([*dimm, "del", ""]) == {"north", "south"}
    assert completed([*dimm, "del", "n"]) == {"north"}
    assert tool(*dimm, "del", "north").returncode == 0
    events.expect("DEVICE_DELETED device=north")
    events.expect("_OST slot 0: ejection request: success")
    assert completed([*dimm, "del", ""]) == {"south"}
    shell.send("poweroff\r")
    events.expect("SHUTDOWN")
    events.expect("the machine has ended")
    events.expect(pexpect.EOF)


@pytest.mark.parametrize("words,offered", [
    (["tools/dimm", ""], {"add", "del", "list", "events", "watch"}),
    (["tools/dimm", "ev"], {"events"}), (["tools/dimm", "add", "1"], {"128M", "1G"}),
    (["tools/dimm", "add", "1G", "--n"], {"--node"})])
def test_completion_of_bash(words, offered):
    assert offered <= completed(words)


@pytest.fixture
def bare(tmp_path):
    """bare(architecture, user): runs tools/setup on a machine with nothing installed."""
    def setup(architecture, user):
        told = tmp_path / "told"
        programs = {"dpkg": f'[ "$1" = --print-architecture ] && echo {architecture}',
                    "dpkg-query": "exit 1", "id": f"echo {user}", "sudo": "exit 1",
                    "apt-get": "exit 0"}
        for name, body in programs.items():
            path = tmp_path / name
            path.write_text(f'#!/bin/sh\necho "{name} $*" >>{told}\n{body}\nexit 0\n')
            path.chmod(0o755)
        done = tool("tools/setup", "run", stdin=subprocess.DEVNULL,
                    env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
        return done, told.read_text().splitlines()
    return setup


def test_setup_elsewhere_than_on_a_pc(bare):
    """GRUB's images for PCs come from amd64, whose packages are made known first."""
    done, told = bare("arm64", 0)
    assert done.returncode == 0, done.stderr
    known = told.index("dpkg --add-architecture amd64")
    install, = [n for n, line in enumerate(told)
                if line.startswith("apt-get") and " -y install " in line]
    assert known < install and any(" update" in line for line in told[known:install])
    assert {"grub-pc-bin:amd64", "grub-efi-amd64-bin:amd64", "gcc-x86-64-linux-gnu",
            "grub-common"} <= set(told[install].split())


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_setup_tells_who_is_not_root(bare, architecture):
    done, told = bare(architecture, 1000)
    foreign = architecture != "amd64"
    assert done.returncode == 1 and not any(line.startswith("apt-get") for line in told)
    assert ("grub-pc-bin:amd64" in done.stderr.split()) == foreign
    assert ("dpkg --add-architecture amd64" in done.stderr) == foreign


def image(path, **env):
    """The sum of an ISO made of the kernel under test."""
    done = tool("tools/mkiso", qemu.kernel(), "iso/grub.cfg", str(path),
                env=dict(os.environ, **env))
    assert done.returncode == 0, done.stderr
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_iso_is_the_same_twice(tmp_path):
    day = {"SOURCE_DATE_EPOCH": "1000000000"}
    plain = image(tmp_path / "one.iso")
    assert image(tmp_path / "two.iso") == plain
    assert image(tmp_path / "three.iso", **day) == image(tmp_path / "four.iso", **day) != plain
    stamp = (tmp_path / "four.iso").read_bytes()[16 * 2048 + 813:][:14]  # [ECMA-119 8.4.26.1]
    assert stamp == b"20010909014640"


@pytest.mark.full
def test_the_iso_is_the_same_anywhere(tmp_path):
    """Built from nothing in another directory: the same bytes."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("build", ".git"))
    subprocess.run(["make", "-s", "-j2", "SAN=", "iso"], cwd=copy, check=True,
                   stdout=subprocess.DEVNULL)
    with open(os.path.join(ROOT, "build/headroom.iso"), "rb") as ours:
        assert (copy / "build/headroom.iso").read_bytes() == ours.read()


def test_compile_commands(tmp_path):
    done = subprocess.run(["make", "-s", "compile_commands.json", f"BUILD={tmp_path}"], cwd=ROOT,
                          check=True, capture_output=True, text=True)
    with open(tmp_path / "compile_commands.json", encoding="utf-8") as made:
        entries = {entry["file"]: entry["arguments"] for entry in json.load(made)}
    assert "-ffreestanding" in entries["kernel/panic.c"], done.stderr


def test_the_devcontainer_is_json():
    with open(os.path.join(ROOT, ".devcontainer/devcontainer.json"), encoding="utf-8") as page:
        assert json.load(page)["image"].startswith("debian:")
