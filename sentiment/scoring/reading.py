"""The process that reads the archive's files, each in a child of its own with little memory and time.

`python -m sentiment.scoring.reading SOCKET` has everything imported. It gets one end of a connection after the other
through the socket, and for each it makes a child (`children`), which answers one `Wanted` and ends. The child opens
nothing: it asks whoever wants the file for parts of it (`reader`). So whatever a file does to Arrow or to Python ends
with that child.
"""

from __future__ import annotations

import functools
import io
import socket
import sys
from collections.abc import Iterator
from typing import BinaryIO, cast

import msgspec
import pyarrow as pa

from sentiment import processes
from sentiment.data.alone import why_left
from sentiment.data.formats.child import OUT_OF_MEMORY
from sentiment.data.formats.record import UnreadableFile
from sentiment.scoring import parquet_rows, rows
from sentiment.scoring.asked import Head, Told, Wanted, most_memory, most_seconds, most_values
from sentiment.scoring.children import make_children
from sentiment.scoring.columns import NoColumn
from sentiment.scoring.in_parts import InParts
from sentiment.scoring.kept import require_kept
from sentiment.scoring.sent import sent, table_of
from sentiment.scoring.wire import Wire

READ_AT_ONCE = 1 << 20  # bytes of the file


def main(control: socket.socket) -> None:
    """Makes a child for each connection that comes through `control`, until nobody is there."""
    pa.set_cpu_count(1)
    make_children(control, lambda connection: answer(Wire(connection)))


def answer(wire: Wire) -> int:
    """Answers what is wanted through a connection; returns the exit code."""
    wanted = msgspec.json.decode(wire.receive(), type=Wanted)
    seconds = max(1, most_seconds(wanted.size) - int(wanted.spent))
    processes.bound_this_process(processes.held_data() + most_memory(wanted.size), seconds)
    parts = InParts(wanted.given, functools.partial(_part, wire))
    file = cast(BinaryIO, io.BufferedReader(parts, READ_AT_ONCE))
    try:
        _tell(wire, wanted, file)
        _say(wire, Told(whole=True))
    except (EOFError, BrokenPipeError, ConnectionResetError):  # nobody wants it any more
        return 1
    except MemoryError:
        return OUT_OF_MEMORY
    except NoColumn as error:
        _say(wire, Told(refused=_line(error), no_column=True, missing=error.missing))
    except UnreadableFile as error:
        _say(wire, Told(refused=_line(error)))
    except (pa.ArrowException, ValueError, OverflowError) as error:
        _say(wire, Told(refused=f"it cannot be read: {parquet_rows.in_a_line(error)}"))
    except Exception as error:  # noqa: BLE001 - whatever it is, it ends with this file
        _say(wire, Told(refused=why_left(error)))
    return 0


def _tell(wire: Wire, wanted: Wanted, file: BinaryIO) -> None:
    if wanted.count:
        _say(wire, Told(rows=parquet_rows.rows_of_parquet(file, wanted.size)))
        return
    if wanted.kept is not None:
        require_kept(table_of(wanted.kept, file.read(wanted.table), most_values(wanted)))
        return
    for piece in _pieces(wanted, file):
        columns, content = sent(piece.table)
        head = Head(
            first=piece.first, numbers=piece.numbers, columns=columns, places=piece.places, last=piece.last,
            reason=piece.reason,
        )  # fmt: skip
        _say(wire, Told(piece=head))
        wire.send(content)
        wire.send(b"".join(piece.lines))
        if wanted.one:
            return


def _pieces(wanted: Wanted, file: BinaryIO) -> Iterator[rows.Piece]:
    name, size, columns, number = wanted.name, wanted.size, wanted.columns, wanted.shard_rows
    if wanted.shards is None:
        yield from rows.pieces(file, name, size, columns, number, wanted.done.__contains__)
    else:
        yield from parquet_rows.parquet_pieces(file, name, size, columns, number, range(*wanted.shards))


def _line(error: Exception) -> str:
    return str(error).encode("utf-8", "replace").decode()


def _part(wire: Wire, start: int, size: int) -> bytes:
    _say(wire, Told(read=(start, size)))
    return wire.receive()


def _say(wire: Wire, told: Told) -> None:
    wire.send(msgspec.json.encode(told))


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
