"""What goes wrong with one file of the archive ends with that file, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sentiment import disk
from sentiment.data.alone import why_left
from sentiment.data.formats.record import UnreadableFile
from sentiment.errors import InputError
from sentiment.scoring.columns import NoColumn
from sentiment.scoring.places import Changed

REFUSALS = (UnreadableFile, NoColumn, Changed)


@contextmanager
def ending_alone() -> Iterator[None]:
    """Turns whatever is raised about a file into one of `REFUSALS`, also what nobody has thought of.

    The disk's failure, TensorFlow's (a model or a device that does not compute), and a line for whoever gave the
    command are of no single file.
    """
    try:
        yield
    except (*REFUSALS, InputError):
        raise
    except OSError as error:
        if disk.is_about_the_disk(error):
            raise
        raise UnreadableFile(error.strerror or str(error)) from None
    except Exception as error:  # whatever it is, the next file is scored
        if type(error).__module__.startswith("tensorflow."):
            raise
        raise UnreadableFile(f"it cannot be scored: {why_left(error)}") from None
