"""Looks an HDF5 file of weights over before anybody reads it: plain arrays of numbers, each once, inside the file.

HDF5 itself reads what a file says of itself: lists that lead round in a ring, blocks that unpack to far more, one text
that is read for each of many names. No call of it tells the cost before. So it is paid by a child with limited memory
and processor time: `python -m sentiment.model.hdf5_file FILE` prints what is odd. Whatever the file makes of that
child, it is not waited for longer than the reading of such a file may take.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sentiment.data.formats.allowance import Allowance, OutOfTime
from sentiment.data.formats.piped import code_of, written_by
from sentiment.errors import InputError
from sentiment.processes import bound_this_process, held_data, python_module
from sentiment.text.harmless import visible

MEMORY = 256 << 20  # bytes that looking at a file may take
SECONDS = 20  # of processor time
CANNOT_BE_OPENED = 3  # the exit code
MOST_SAID = 1 << 16  # bytes that are read of what the child says
LONGEST_TOLD = 300  # characters of what a stranger named
TOO_MUCH = "what takes more memory or time to look at than weights do"


def require_plain(path: Path) -> None:
    """Raises: InputError when the HDF5 file at `path` has anything but its own plain arrays of numbers, each once.

    A file that is missing, or no HDF5 at all, passes: whoever reads it says so. Raises: OSError when it is HDF5, but
    cannot be opened; then nobody should try with more memory.
    """
    if not path.is_file() or not (found := _oddity(path)):
        return
    raise InputError(
        "a file of weights must hold plain arrays of numbers, and nothing that lies in another file",
        found=f"{visible(found, LONGEST_TOLD)} in {path}",
        do="Do not use it. Fetch it again from its publisher, or save the weights anew.",
    )


def _oddity(path: Path) -> str:
    command = python_module("sentiment.model.hdf5_file", str(path))
    allowed, quiet = Allowance.from_now(path.stat().st_size), subprocess.DEVNULL
    with subprocess.Popen(command, 0, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet) as child:
        try:
            said = written_by(child, allowed).read(MOST_SAID).decode(errors="replace")
            code = code_of(child, allowed)
        except OutOfTime:
            return TOO_MUCH
        finally:
            child.kill()
    if code == CANNOT_BE_OPENED:
        raise OSError(said)
    return TOO_MUCH if code else said


def main(path: Path) -> int:
    """Prints what is odd about a file, or why it cannot be opened; if anything else ends this, it takes too much."""
    import h5py  # noqa: F401 - what it takes itself is not the file's

    from sentiment.model import hdf5_look

    bound_this_process(held_data() + MEMORY, SECONDS)
    try:
        found, code = hdf5_look.first_oddity(path), 0
    except OSError as error:
        found, code = str(error), CANNOT_BE_OPENED
    sys.stdout.buffer.write(found.encode(errors="backslashreplace"))
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
