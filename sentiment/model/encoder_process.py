"""Runs a verb that computes a stranger's encoder in a process of its own, so that whatever ends it is one line.

A SavedModel is a program, and TensorFlow ends the process over some of what it may say, while it is loaded, put in
order or computed. No look at it finds all of that. So the verb starts itself again, as a child that has all of its
arguments, its terminal and its result; the parent, which needs no TensorFlow, waits and says how the child ended.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from click.exceptions import Exit

from sentiment import processes, step
from sentiment.errors import InputError
from sentiment.model import encoder_rights
from sentiment.text.harmless import visible

PARENT = "PARENT_OF_ENCODER_PROCESS"  # in the environment of such a child: the process that waits for it
CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP})
SECONDS_TO_STOP = 5.0  # for a child that heard of it itself
LONGEST_TOLD = 200  # characters of what TensorFlow says in an encoder's words
WHERE = ("Graph execution error:", "Detected at node", 'File "', "<stack traces unavailable>")
NAME_ANOTHER = "Do not use it. Fetch it again from its publisher, or name another one."


@contextmanager
def computing(encoder: object, named: str = "") -> Iterator[None]:
    """Does in a child what stands in the context, if `encoder` names a stranger's; the parent ends here.

    `named`: the encoder that the child reads where neither the home nor an option names it. Called by a program, and
    not as a command, it does it here. Raises: InputError when TensorFlow fails, or crashed.
    """
    given = step.arguments_given.get()
    if not encoder:
        yield
        return
    if os.environ.get(PARENT) == str(os.getppid()):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # of a crash, a core would be as large as the model
        encoder_rights.confine(named)
    elif given is not None:
        raise Exit(_in_a_child(given, encoder))
    try:
        yield
    except Exception as error:
        if isinstance(error, _tensorflows_own()):
            raise _not_computed(encoder, f"{type(error).__name__}: {_said(error)}") from None
        raise


def _in_a_child(given: Sequence[str], encoder: object) -> int:
    """Returns the exit code with which the child ended. Raises: InputError when it crashed."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = processes.start(
        processes.python_module(step.SENTIMENT, *given), env={**os.environ, PARENT: str(os.getpid())}
    )
    try:
        code = _ended(child)
    except BaseException:
        processes.end(child)
        raise
    if -code in CRASHES:
        raise _not_computed(encoder, f"one at which TensorFlow crashed ({signal.Signals(-code).name})")
    return processes.exit_code(code)


def _ended(child: subprocess.Popen[bytes]) -> int:
    """Waits for a child's end. Ctrl-C in a terminal reaches both; an INT to this process alone is passed on."""
    with suppress(KeyboardInterrupt):
        return child.wait()
    with suppress(subprocess.TimeoutExpired):
        return child.wait(SECONDS_TO_STOP)
    child.send_signal(signal.SIGINT)
    return child.wait()


def _said(error: Exception) -> str:
    """Returns what TensorFlow says without where it was built, in one short line: the words may be the encoder's."""
    lines = [line.strip() for line in str(error).splitlines()]
    own = [line for line in lines if not line.startswith(WHERE)]
    return visible(" ".join(" ".join(own).split()), LONGEST_TOLD)


def _tensorflows_own() -> tuple[type[Exception], ...]:
    """Returns what TensorFlow raises, if it was ever imported: nothing else raises it."""
    errors = sys.modules.get("tensorflow.python.framework.errors_impl")
    return (errors.OpError,) if errors else ()


def _not_computed(encoder: object, found: str) -> InputError:
    return InputError(f"the encoder {encoder} must compute whatever it is given", found=found, do=NAME_ANOTHER)
