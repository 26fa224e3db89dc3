"""A process that makes children: each has a connection of its own, and of each is said how it ended.

More than one may be at work: while the rows of a file are read by one, another tries whether they can be kept.
"""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, NoReturn

from sentiment import processes

STATUS = struct.Struct("id")  # how a child ended, as subprocess has it, and its seconds of processor time
Answer = Callable[[socket.socket], int]  # what a child does with its connection; returns its exit code


class _Child(NamedTuple):
    pid: int
    told: int  # the descriptor through which is said how it ended


def make_children(control: socket.socket, answer: Answer) -> None:
    """Makes a child for each connection that comes through `control` with a second socket, until nobody is there.

    How the child ended is said through the second.
    """
    die, living, looked_at = processes.dying_with(os.getpid()), dict[int, _Child](), select.poll()
    looked_at.register(control, select.POLLIN)
    while True:
        for descriptor, _ in looked_at.poll():
            if descriptor in living:
                looked_at.unregister(descriptor)
                _say_how(living.pop(descriptor))
                os.close(descriptor)
                continue
            given = socket.recv_fds(control, 1, 2)[1]
            if not given:
                return
            connection, told = given
            if not (pid := os.fork()):
                _close_all(control.fileno(), told, *living, *(child.told for child in living.values()))
                _be_one(connection, answer, die)
            os.close(connection)
            living[ended := os.pidfd_open(pid)] = _Child(pid, told)
            looked_at.register(ended, select.POLLIN)


def _say_how(child: _Child) -> None:
    _, status, used = os.wait4(child.pid, 0)
    with suppress(BrokenPipeError):  # nobody wants to know
        os.write(child.told, STATUS.pack(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime))
    os.close(child.told)


def _close_all(*descriptors: int) -> None:
    """Closes what is not the child's: it may not say how it, or another one, ended."""
    for descriptor in descriptors:
        os.close(descriptor)


def _be_one(connection: int, answer: Answer, die: Callable[[], None]) -> NoReturn:
    """Does the child's work in it, and ends it."""
    code = 1
    try:
        die()
        code = answer(socket.socket(fileno=connection))
    finally:
        os._exit(code)
