#!/usr/bin/env python3
"""The doors say what the list of options says: espalier_kind_at and espalier_option_at of build/lib, against the sources of the
header, of Fortran and of Swift. Fails when an option, a kind or a named choice is at one door and not in the list, or the other
way round, and when a comment gives another default than the library has. Needs build/lib (make lib)."""
import ctypes
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
failures = []


def fail(text):
    failures.append(text)


# ---------------------------------------------------------------- the list

class Kind(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char * 32), ("option_count", ctypes.c_int64)]


class Option(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char * 32), ("type", ctypes.c_int), ("live", ctypes.c_int), ("initial", ctypes.c_double),
                ("least", ctypes.c_double), ("greatest", ctypes.c_double), ("includes_least", ctypes.c_int),
                ("includes_greatest", ctypes.c_int)]


CHOICE = 1
OWNERS = ["network", "layer", "optimizer", "topology", "pruning"]


def read_list():
    """{owner: {kind: {option: Option}}} of the library."""
    library = ctypes.CDLL(str(root / "build/lib/libespalier.so"))
    found = {}
    for owner, name in enumerate(OWNERS):
        count = ctypes.c_int64()
        assert library.espalier_kind_count(owner, ctypes.byref(count)) == 0
        found[name] = {}
        for number in range(count.value):
            kind = Kind()
            assert library.espalier_kind_at(owner, number, ctypes.byref(kind)) == 0
            if not kind.name:
                continue
            options = [Option() for _ in range(kind.option_count)]
            for index, option in enumerate(options):
                assert library.espalier_option_at(owner, number, ctypes.c_int64(index), ctypes.byref(option)) == 0
            if kind.name:
                found[name][kind.name.decode()] = {option.name.decode(): option for option in options}
    return found


# ---------------------------------------------------------------- the header

def check_header(listed):
    header = (root / "include/espalier.h").read_text()
    for owner, kinds in listed.items():
        for kind, options in kinds.items():
            for name in options:
                if f'"{name}"' not in header:
                    fail(f'include/espalier.h says nothing of "{name}", an option of {kind}')


# ---------------------------------------------------------------- Fortran

def read_fortran(path):
    """The functions of a file: {name: (arguments, [(names declared, comment)], statements)}."""
    functions, current, pending, declared = {}, None, "", None
    for line in path.read_text().splitlines():
        comment = re.match(r"\s*!!\s?(.*)", line)
        if comment:
            if declared:
                declared[1] += " " + comment.group(1)
            continue
        statement = pending + re.sub(r"\s*!.*", "", line).strip()
        if statement.endswith("&"):
            pending = statement[:-1]
            continue
        pending = ""
        start = re.match(r"type\(\w+\) function (\w+)\((.*?)\)", statement)
        if start:
            current = ([word.strip() for word in start.group(2).split(",") if word.strip()], [], [])
            functions[start.group(1)] = current
        elif re.match(r"(end function|subroutine|interface|contains)", statement):
            current = declared = None
        elif current and "::" in statement:
            declared = [re.findall(r"\w+", re.sub(r"\(.*?\)", "", statement.split("::")[1])), ""]
            current[1].append(declared)
        elif current and statement:
            current[2].append(statement)
    return functions


def fortran_lists():
    """Lists of names that a module has: {(module, list): count}, a list being called like its option, in the plural."""
    found = {}
    for path in sorted((root / "fortran").glob("*.f90")):
        text = re.sub(r"&\s*\n\s*", "", path.read_text())
        for name, values in re.findall(r"parameter :: (\w+)\(0:\d+\) = \[character\(\w+\) :: (.*?)\]", text):
            found[path.name, name] = re.findall(r'"(\w+)"', values)
    return found


def set_choices():
    """What `set` of a topology takes by name: {option: names}."""
    text = re.sub(r"&\s*\n\s*", "", (root / "fortran/espalier_topologies.f90").read_text())
    return {name: re.findall(r'"(\w+)"', values) for name, values in
            re.findall(r'case \("(\w+)"\)\s*\n\s*call options%add_name\(name, value, \[character\(\d+\) :: (.*?)\]\)', text)}


def check_choices(owner, kind, options, names_of, where):
    for name, option in options.items():
        if option.type == CHOICE and len(names_of(name) or []) != int(option.greatest) + 1:
            fail(f"{where}: {owner} {kind}: {name} has {int(option.greatest) + 1} choices, {len(names_of(name) or [])} names")


def check_comments(where, declarations, options, names_of):
    """A default in a comment is "(0.3)" or 'the default is "cosine"', and of several arguments the first one's."""
    for names, comment in declarations:
        option = options.get(names[0])
        number = re.search(r"\((-?[0-9.]+(?:e-?[0-9]+)?)[;)]", comment)
        if option and number and float(number.group(1)) != option.initial:
            fail(f"{where}: the comment says {names[0]} is {number.group(1)} by default, the library {option.initial}")
        word = re.search(r'the default is "(\w+)"', comment)
        if option and word and (names_of(names[0]) or [])[int(option.initial)] != word.group(1):
            fail(f"{where}: the comment says {names[0]} is {word.group(1)} by default, the library {int(option.initial)}")


def check_fortran(listed):
    lists, by_set = fortran_lists(), set_choices()
    exact = {"optimizer": "espalier_rules.f90", "pruning": "espalier_prunings.f90"}
    for owner, file in exact.items():
        functions = read_fortran(root / "fortran" / file)
        names_of = lambda option: lists.get((file, option + "s"))  # noqa: E731
        for kind, options in listed[owner].items():
            name = kind if kind in functions else f"prune_{kind}"
            if name not in functions:
                fail(f"fortran/{file} has no function for {owner} {kind}")
                continue
            arguments, declarations, statements = functions[name]
            for difference in set(options) ^ set(arguments):
                fail(f"fortran/{file}: {difference} is only " + ("an argument" if difference in arguments else "an option") + f" of {name}")
            check_choices(owner, kind, options, names_of, f"fortran/{file}")
            check_comments(f"fortran/{file}: {name}", declarations, options, names_of)

    functions = read_fortran(root / "fortran/espalier_methods.f90")
    for kind, options in listed["topology"].items():
        if kind not in functions:
            fail(f"fortran/espalier_methods.f90 has no function {kind}")
            continue
        arguments, declarations, statements = functions[kind]
        where = f"fortran/espalier_methods.f90: {kind}"
        for argument in arguments:
            if argument not in options:
                fail(f"{where}: {argument} is no option")
            if not re.search(rf'"{argument}", {argument}\)|topology_method\(.*\b{argument}\b', " ".join(statements)):
                fail(f"{where}: {argument} is not passed on")
        if not re.search(rf'topology_method\("{kind}"|espalier_{kind}\b', " ".join(statements)):
            fail(f"{where} makes something else")
        check_choices("topology", kind, options, by_set.get, "set_choice of fortran/espalier_topologies.f90")
        check_comments(where, declarations, options, by_set.get)
    capacity = int(re.search(r"capacity = (\d+)", (root / "fortran/espalier_options.f90").read_text()).group(1))
    most = max(len(options) for kinds in listed.values() for options in kinds.values())
    if most > capacity:
        fail(f"fortran/espalier_options.f90: a list holds {capacity} options, and there are {most}")


def check_fortran_layers(listed):
    """A constructor gives options by name. What an argument stands for in several dimensions, its options begin with."""
    functions = {}
    for path in sorted((root / "fortran").glob("espalier_*.f90")):
        functions.update(read_fortran(path))
    lists = {option: names for (_, option), names in fortran_lists().items()}

    def names_of(option):
        """Options of several dimensions have the same choices."""
        return lists.get(option + "s") or lists.get(re.sub("_(channels|width|height|depth)$", "", option) + "s")

    for kind, options in listed["layer"].items():
        given, arguments, found = set(), set(), False
        for name, function in functions.items():
            body = " ".join(function[2])
            # What it lets another one of the family give.
            for other in set(re.findall(r"= (\w+)\(", body)) & set(functions) - {name}:
                body += " ".join(functions[other][2])
            if not re.search(rf"\bespalier_layer_{kind}\b", body):
                continue
            found = True
            arguments |= set(function[0])
            literal = set(re.findall(r'call give\(description, "(\w+)"', body))
            for option in literal - set(options):
                fail(f"fortran: {name} gives {option}, which is no option of {kind}")
            given |= literal
            check_comments(f"fortran: {name}", function[1], options, names_of)
        if not found:
            fail(f"fortran has no constructor of layer {kind}")
        for option in set(options) - given:
            if not any(option.startswith(argument + "_") for argument in arguments):
                fail(f"fortran: no constructor of {kind} gives {option}")
        check_choices("layer", kind, options, names_of, "fortran")


# ---------------------------------------------------------------- Swift

def read_swift(path):
    """The static functions of a file: {name without signs and capitals: (labels, options set)}, all in snake case."""
    found = {}
    text = path.read_text()
    for name, labels, body in re.findall(r"public static func `?(\w+)`?\((.*?)\)(.*?)(?=public static func|\Z)", text, re.S):
        words = re.findall(r"(\w+):", labels)
        found[name.lower()] = ([re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", word).lower() for word in words],
                               re.findall(r'\("(\w+)", number\(', body))
    return found


def check_swift(listed):
    """Optimizers and prunings have an argument for each option, topology methods those that Fortran has."""
    fortran = read_fortran(root / "fortran/espalier_methods.f90")
    for owner, file in [("optimizer", "Optimizer+Rules"), ("topology", "TopologyMethod+Methods"), ("pruning", "PruningMethod+Criteria")]:
        functions = read_swift(root / f"Sources/Espalier/{file}.swift")
        for kind, options in listed[owner].items():
            where = f"Sources/Espalier/{file}.swift: {kind}"
            labels, given = functions.get(kind.replace("_", ""), (None, None))
            if labels is None:
                fail(f"{where} is not there")
                continue
            if labels != given:
                fail(f"{where}: the arguments are {labels}, the options set {given}")
            wanted = fortran[kind][0] if owner == "topology" and kind in fortran else options
            for difference in set(wanted) ^ set(labels):
                fail(f"{where}: {difference} is " + ("no option here" if difference in labels else "missing"))


listed = read_list()
check_header(listed)
check_fortran(listed)
check_fortran_layers(listed)
check_swift(listed)
for text in failures:
    print(text)
count = sum(len(options) for kinds in listed.values() for options in kinds.values())
if not failures:
    print(f"{count} options of {sum(map(len, listed.values()))} kinds are the same at every door")
sys.exit(1 if failures else 0)
