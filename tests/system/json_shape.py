"""What keys a JSON document has, and the notation for that in docs/shell.md.

`lsmem: [range size {state} zones?]` reads: an object whose `lsmem` is an array of objects with
these keys; `x?` is not in every one of them, `x: {a b}` an object, `x: [a b]` an array of objects,
`x: []` an array of plain values.
"""
import re

TOKEN = re.compile(r"[\[\]{}]|([A-Za-z_0-9-]+)(\?)?(:)?")


def paths(document, prefix=""):
    """{path: True} of all keys; [] stands for any element of an array."""
    found = {}
    if isinstance(document, dict):
        for key, value in document.items():
            found[prefix + key] = True
            found.update(paths(value, prefix + key + "."))
    elif isinstance(document, list):
        for element in document:
            found.update(paths(element, prefix[:-1] + "[]."))
    return found


def missing_somewhere(document, prefix=""):
    """The paths that some objects of an array have and others lack."""
    found = set()
    if isinstance(document, dict):
        for key, value in document.items():
            found |= missing_somewhere(value, prefix + key + ".")
    elif isinstance(document, list):
        objects = [element for element in document if isinstance(element, dict)]
        for key in {key for element in objects for key in element}:
            if any(key not in element for element in objects):
                found.add(prefix[:-1] + "[]." + key)
        for element in document:
            found |= missing_somewhere(element, prefix[:-1] + "[].")
    return found


def parse(notation):
    """{path: whether it is in every object} of a notation."""
    found, stack, key = {}, [""], ""
    for token in TOKEN.finditer(notation):
        name, optional = token.group(1), token.group(2)
        if name:
            key = name
            found[stack[-1] + key] = not optional
        elif token.group(0) in "[{":
            stack.append(stack[-1] + key + ("[]." if token.group(0) == "[" else "."))
        else:
            stack.pop()
    assert len(stack) == 1, notation
    return found


def differences(notation, document):
    """What the document has that the notation has not, and the other way round."""
    promised, there = parse(notation), paths(document)
    lacking = missing_somewhere(document)
    wrong = [f"{path} is not documented" for path in there if path not in promised]
    for path, always in promised.items():
        parent = path.rpartition(".")[0].removesuffix("[]")
        if always and path in lacking:
            wrong.append(f"{path} is not in every one")
        elif always and path not in there and (not parent or has_elements(document, parent)):
            wrong.append(f"{path} is not there")
    return wrong


def has_elements(document, path):
    """Whether `path` leads to an object, or to an array that is not empty, somewhere."""
    values = [document]
    for key in path.split("."):
        name = key.removesuffix("[]")
        values = [value[name] for value in values if isinstance(value, dict) and name in value]
        if key.endswith("[]"):
            values = [element for value in values for element in value]
    return any(value not in ([], {}) for value in values)
