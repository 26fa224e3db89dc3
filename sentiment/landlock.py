"""The kernel's Landlock: takes rights to files and to the network from this process and its children, for good.

Source: Linux's `include/uapi/linux/landlock.h` and `Documentation/userspace-api/landlock.rst`. It needs no privilege,
and Linux 5.19 or newer. What is taken holds for the thread that asks and for all that it starts from then on: ask
before there are others. Files that are open, and memory, stay what they are.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every processor
ASK_FOR_VERSION, PATH_BENEATH, PR_SET_NO_NEW_PRIVS = 1, 1, 38
FIRST_WITH_RENAMES, FIRST_WITH_TRUNCATE, FIRST_WITH_NETWORK, FIRST_WITH_SIGNALS = 2, 3, 4, 6
RUN, WRITE_FILE, READ_FILE, LIST, REMOVE_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4
CHANGE_FOLDER = sum(1 << bit for bit in range(4, 14))  # remove, make of each kind, and move to another folder
TRUNCATE = 1 << 14
OF_A_FILE = RUN | WRITE_FILE | READ_FILE | TRUNCATE
CONNECT_TCP = 1 << 1
SIGNAL_OTHERS = 1 << 1
CAPABILITIES_3 = 0x20080522  # of <linux/capability.h>: the third form of its structures
SEE_OTHERS = (1 << 19 | 1 << 21) | (1 << 38)  # CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON


@dataclass(frozen=True)
class Rights:
    """What is left: `reads` and `writes` are folders and files, with all that is and comes below them.

    Without `reads`, everything may be read. In `lists`, names may be read; in `empties`, empty folders removed.
    `alone`: it starts no program, connects to nobody over TCP, and signals nobody but itself. With `alone` or `reads`,
    it sees no other process's memory or environment.
    """

    writes: Iterable[Path]
    reads: Iterable[Path] | None = None
    lists: Iterable[Path] = ()
    empties: Iterable[Path] = ()
    alone: bool = False


_taken: list[Rights] = []  # what was left, each time that something was taken


def has_taken() -> bool:
    """Tells whether a command of somebody's was left only some rights: an answer "Permission denied" may be of that."""
    return any(not rights.alone for rights in _taken)


def version() -> int:
    """Returns the version of the kernel's Landlock; 0 where it has none, or keeps it from this process."""
    return max(0, _call(CREATE_RULESET, None, 0, ASK_FOR_VERSION))


def leave_only(rights: Rights) -> bool:
    """Takes all other rights; returns False, and takes none, where the kernel cannot. Paths that are not there count
    for nothing.

    Raises: OSError when the kernel refuses what it should do.
    """
    if (found := version()) < FIRST_WITH_RENAMES:
        return False
    changes = WRITE_FILE | CHANGE_FOLDER | (TRUNCATE if found >= FIRST_WITH_TRUNCATE else 0)
    looks = 0 if rights.reads is None else READ_FILE | LIST
    ruleset = _required(CREATE_RULESET, *_ruleset(found, changes | looks, rights.alone), 0)
    try:
        for path in rights.reads or ():
            _allow(ruleset, path, looks)
        for path in rights.writes:
            _allow(ruleset, path, changes | looks)
        for path in rights.lists:
            _allow(ruleset, path, LIST & looks)
        for path in rights.empties:
            _allow(ruleset, path, REMOVE_FOLDER)
        if rights.alone or rights.reads is not None:
            _give_up(SEE_OTHERS)
        _done(ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _required(RESTRICT_SELF, ruleset, 0)
        _taken.append(rights)
    finally:
        os.close(ruleset)
    return True


def _ruleset(found: int, files: int, alone: bool) -> tuple[ctypes.Array[ctypes.c_uint64], int]:
    """Returns `struct landlock_ruleset_attr`, whose later fields an older kernel does not know, and its size."""
    fields = [files | (RUN if alone else 0)]
    if alone and found >= FIRST_WITH_NETWORK:
        fields.append(CONNECT_TCP)
    if alone and found >= FIRST_WITH_SIGNALS:
        fields.append(SIGNAL_OTHERS)
    return (ctypes.c_uint64 * len(fields))(*fields), 8 * len(fields)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """Gives these rights below `path`; of a file, those that a file has."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError):
        return  # nothing that is there, or that may be reached: it stays without rights
    try:
        kind = os.fstat(opened).st_mode
        if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):  # the kernel has no rule for one, and takes none for them
            return
        given = rights if stat.S_ISDIR(kind) else rights & OF_A_FILE
        if not given:  # of a file, there are no names
            return
        beneath = struct.pack("=Qi", given, opened)  # `struct landlock_path_beneath_attr`
        _required(ADD_RULE, ruleset, PATH_BENEATH, beneath, 0)
    finally:
        os.close(opened)


def _give_up(capabilities: int) -> None:
    """Takes these from the capabilities of this thread: with them, root reads other processes past Landlock."""
    library = ctypes.CDLL(None, use_errno=True)
    header, held = (ctypes.c_uint32 * 2)(CAPABILITIES_3, 0), (ctypes.c_uint32 * 6)()
    _done(library.capget(header, held))
    for half in range(2):  # each has what is in effect, what is permitted, and what is inherited
        for kind in range(3):
            held[3 * half + kind] &= ~(capabilities >> 32 * half) & 0xFFFFFFFF
    _done(library.capset(header, held))


def _required(number: int, *arguments: object) -> int:
    return _done(_call(number, *arguments))


def _done(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _call(number: int, *arguments: object) -> int:
    result: int = ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)
    return result
