"""tests/firmware/iso.py - boot images whose GRUB lies to the kernel for us.

GRUB's `acpi` command copies the firmware's tables, leaves out those that are excluded, adds the
files named (the last one first), and gives the kernel a new RSDP.  It does not look into them,
so a broken table arrives as it was written, on the boot path that every machine takes.  Its
`badram` and `cutmem` do the same for the memory map.
"""
import os
import subprocess
import tempfile

CONFIG = """set timeout=0
set gfxpayload=text
{commands}
multiboot2 /boot/headroom.elf {cmdline}
{after}
boot
"""


def make(base, out, tables=(), exclude=None, commands=(), modules=(), cmdline="", after=()):
    """Writes `out`: the image `base` with `tables` (bytes each) instead of the firmware's.

    exclude: signatures to leave out; those of `tables` unless given.  commands: more lines for
    GRUB; modules: names of GRUB modules that they need; after: lines behind the kernel's.
    """
    if exclude is None:
        exclude = sorted({raw[:4].decode("ascii") for raw in tables})
    lines, files = [], {}
    for name in modules:
        files[f"/extra/{name}.mod"] = os.path.join(
            os.environ.get("GRUB_DIR", "/usr/lib/grub"), "i386-pc", f"{name}.mod")
        lines.append(f"insmod /extra/{name}.mod")
    with tempfile.TemporaryDirectory() as work:
        for number, raw in enumerate(tables):
            path = os.path.join(work, f"{number}.bin")
            with open(path, "wb") as table:
                table.write(raw)
            files[f"/extra/{number}.bin"] = path
        if tables or exclude:
            lines.append(" ".join(["acpi", "--exclude=" + ",".join(exclude)]
                                  + [f"/extra/{number}.bin" for number in range(len(tables))]))
        config = os.path.join(work, "grub.cfg")
        with open(config, "w", encoding="ascii") as text:
            text.write(CONFIG.format(commands="\n".join(lines + list(commands)), cmdline=cmdline,
                                     after="\n".join(after)))
        files["/boot/grub/grub.cfg"] = config
        _replace(base, out, files)
    return out


def _replace(base, out, files):
    """Copies the image `base` to `out` with `files` ({path in the image: path here})."""
    command = ["xorriso", "-return_with", "SORRY", "32", "-indev", base, "-outdev", out,
               "-boot_image", "any", "replay"]
    for inside, path in files.items():
        command += ["-update", path, inside]
    if os.path.exists(out):
        os.unlink(out)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"xorriso failed:\n{done.stdout}")
