"""Reads the pickles of `torch.save` without Python's pickle: nothing in them is run, and time and memory are bounded.

Python's own reader sets aside whatever five bytes ask for, and a few hundred bytes can keep it busy for ever. This one,
like PyTorch's own for weights, knows only the instructions that a table of weights needs. None of them takes longer
than what it adds or removes is long. No value but a text is hashed, and none but a text or a number compared or shown.
Source: `torch/_weights_only_unpickler.py`.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from typing import IO, Any

MOST_INSTRUCTIONS = 100_000  # a BERT of 24 layers has 15,000
MOST_ARGUMENTS = 8
PROTOCOL = 2

CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_TUPLE": tuple, "EMPTY_LIST": list, "EMPTY_DICT": dict}
GIVEN = frozenset({"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "BINSTRING", "SHORT_BINSTRING"})
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class TorchFileError(ValueError):
    """The file is damaged, or not a plain table of weights."""


def load(file: IO[bytes], names: Mapping[tuple[str, str], Any], refer: Callable[[tuple[Any, ...]], Any]) -> Any:
    """Returns what the next pickle of `file` describes: texts, numbers, tuples, lists, dicts, and what `names` makes.

    `names` maps (module, name) to what stands for it: callables may be called. `refer` stands for a persistent id.
    Raises: TorchFileError on any other instruction or name, and a ValueError, TypeError or LookupError on damage.
    """
    machine = _Machine(names, refer)
    for count, (instruction, argument, _) in enumerate(pickletools.genops(file)):
        if count == MOST_INSTRUCTIONS:
            raise TorchFileError(f"it has more than {MOST_INSTRUCTIONS:,} instructions; no table of weights needs them")
        if instruction.name == "STOP":
            break
        machine.do(instruction.name, argument)
    return machine.pop()


class _Machine:
    """The stack and the memory that a pickle's instructions work on."""

    def __init__(self, names: Mapping[tuple[str, str], Any], refer: Callable[[tuple[Any, ...]], Any]) -> None:
        self._names, self._refer = names, refer
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []  # what was on the stack at each mark that is still open
        self._kept: dict[int, Any] = {}
        self._instructions: dict[str, Callable[[Any], None]] = {
            "PROTO": self._require_protocol,
            "MARK": self._mark,
            "TUPLE": lambda _: self._push(tuple(self._since_mark())),
            "APPEND": lambda _: self._append([self.pop()]),
            "APPENDS": lambda _: self._append(self._since_mark()),
            "SETITEM": lambda _: self._set_items([self._stack.pop(-2), self.pop()]),
            "SETITEMS": lambda _: self._set_items(self._since_mark()),
            "GLOBAL": self._name,
            "REDUCE": lambda _: self._call(self.pop()),
            "BUILD": lambda _: self._ignore_state(self.pop()),
            "BINPERSID": lambda _: self._push(self._refer(_few(self.pop()))),
            **dict.fromkeys(("BINPUT", "LONG_BINPUT"), self._keep),
            **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda place: self._push(self._kept[place])),
        }

    def do(self, name: str, argument: Any) -> None:
        if name in GIVEN:
            self._push(argument)
        elif name in CONSTANTS:
            self._push(CONSTANTS[name])
        elif name in EMPTY:
            self._push(EMPTY[name]())
        elif name in TUPLES:
            self._push(tuple(reversed([self.pop() for _ in range(TUPLES[name])])))
        elif name in self._instructions:
            self._instructions[name](argument)
        else:
            raise TorchFileError(f"it has the pickle instruction {name}, which no table of weights needs")

    def pop(self) -> Any:
        return self._stack.pop()

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _require_protocol(self, found: int) -> None:
        if found != PROTOCOL:
            raise TorchFileError(f"it is damaged, or of another kind (its pickle protocol is {found})")

    def _mark(self, _: None) -> None:
        self._below.append(self._stack)
        self._stack = []

    def _since_mark(self) -> list[Any]:
        found, self._stack = self._stack, self._below.pop()
        return found

    def _keep(self, place: int) -> None:
        if place >= MOST_INSTRUCTIONS:
            raise TorchFileError(f"it is damaged (it keeps a value at place {place:,})")
        self._kept[place] = self._stack[-1]

    def _append(self, values: list[Any]) -> None:
        _of(list, self._stack[-1]).extend(values)

    def _set_items(self, pairs: list[Any]) -> None:
        """Only texts may be keys: a nested tuple of 100 bytes can take for ever to hash, and whole numbers can all have
        one hash, so that each is compared with all before it.
        """
        table, keys = _of(dict, self._stack[-1]), pairs[::2]
        if not all(isinstance(key, str) for key in keys):
            raise TorchFileError("it has a table whose keys are not texts")
        table.update(zip(keys, pairs[1::2], strict=True))

    def _name(self, written: str) -> None:
        module, _, name = written.partition(" ")
        if (module, name) not in self._names:
            raise TorchFileError(f"it wants {f'{module}.{name}'[:100]!a}, which no table of weights needs")
        self._push(self._names[module, name])

    def _call(self, arguments: Any) -> None:
        called = self.pop()
        if not callable(called):
            raise TorchFileError("it calls what cannot be called")
        self._push(called(*_few(arguments)))

    def _ignore_state(self, _: Any) -> None:
        """Leaves out what `torch.save` notes about a table (its layers' versions); nothing else may be changed."""
        _of(dict, self._stack[-1])


def _of(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind):
        raise TorchFileError(f"it changes a {type(value).__name__} as if it were a {kind.__name__}")
    return value


def _few(arguments: Any) -> tuple[Any, ...]:
    """Returns the arguments of a call. Raises: TorchFileError when there are many, which could be given many times."""
    if not isinstance(arguments, tuple) or len(arguments) > MOST_ARGUMENTS:
        raise TorchFileError("it calls something with other arguments than a tensor needs")
    return arguments
