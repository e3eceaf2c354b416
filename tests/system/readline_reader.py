"""Reads lines by GNU readline until it is ended; each goes to the file named, as JSON.

Run by test_editor_readline.py on a pseudo terminal.  It calls the library itself, since Python's
input() feeds readline key by key, whereupon cuts made by Alt keys do not add up.  Ctrl-D on an
empty line is no end of file here, as it is none in Headroom's shell.
"""
import ctypes
import json
import sys
import termios

readline = ctypes.CDLL("libreadline.so.8")
readline.readline.restype = ctypes.c_void_p
libc = ctypes.CDLL(None)


def main():
    mode = termios.tcgetattr(0)
    mode[6][termios.VEOF] = b"\x1d"
    termios.tcsetattr(0, termios.TCSANOW, mode)
    ctypes.CDLL(None).setlocale(6, b"")  # LC_ALL: characters of more than one byte
    readline.rl_initialize()
    readline.rl_variable_bind(b"enable-bracketed-paste", b"off")
    # Typing ahead, it takes a key that cuts for the next of a row even if text came between.
    ctypes.c_int.in_dll(readline, "_rl_optimize_typeahead").value = 0
    readline.using_history()
    last = None
    with open(sys.argv[1], "w", encoding="utf-8") as log:
        while True:
            address = readline.readline(b"hr> ")
            line = ctypes.string_at(address)
            libc.free(ctypes.c_void_p(address))
            if line and line != last:
                readline.add_history(line)
                last = line
            print(json.dumps(line.decode()), file=log, flush=True)
            print("taken", flush=True)


main()
