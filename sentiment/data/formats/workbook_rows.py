"""The child that reads a workbook: the file on stdin, on stdout the header's number and cells, then those of every row.

`python -m sentiment.data.formats.workbook_rows BYTES SECONDS MOST LABELS FIELD` limits the memory that it takes beside
its libraries, and its processor time. A file whose parts unpack to more than MOST bytes is not begun.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import errors

from sentiment import disk
from sentiment.data.formats.child import (
    BROKEN,
    DISK_FAILED,
    ENTITIES,
    MANY_SHEETS,
    MANY_TABLES,
    NO_COLUMNS,
    OUT_OF_MEMORY,
    TOO_LARGE,
    bound_the_reader,
)
from sentiment.data.formats.document_type import declares_a_type
from sentiment.data.formats.table import Table
from sentiment.data.formats.unpack import BOUNDED
from sentiment.data.tsv import whole_number
from sentiment.labels import Labels

LARGEST_UNPACKED = 512 << 20  # bytes of all parts of a workbook together
MOST_ROWS = 1_048_576  # Excel's own limit
MOST_SHEETS = 256
MOST_COLUMNS = 256  # of a sheet that are looked at
LONGEST_CELL = 32_767  # characters; Excel's own limit
ERRORS = frozenset({"#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
NO_MEMORY = errors.codes[errors.XML_ERROR_NO_MEMORY]
HEADER_WITHIN = 20  # rows in which the header is looked for


def main(memory: int, seconds: int, most: int, labels: Labels, label_field: str) -> int:
    """Writes the rows of the workbook on stdin; returns the exit code that says how it ended."""
    from openpyxl.reader import excel  # noqa: F401 - its memory is not the file's
    from openpyxl.utils.exceptions import InvalidFileException

    bound_the_reader(memory, seconds)
    warnings.simplefilter("ignore")  # about styles and extensions that openpyxl does not keep
    try:
        with open("/dev/stdin", "rb") as source:  # noqa: PTH123 - not a path of ours
            with zipfile.ZipFile(source) as parts:
                if any(part.compress_type not in BOUNDED for part in parts.infolist()):
                    return BROKEN  # no workbook by its standard
                if sum(part.file_size for part in parts.infolist()) > min(LARGEST_UNPACKED, most):
                    return TOO_LARGE
            return _write_table(_opened(source), labels, label_field)
    except _ManySheets:
        return MANY_SHEETS
    except _Entities:
        return ENTITIES
    except MemoryError:
        return OUT_OF_MEMORY
    except OSError as error:
        return DISK_FAILED if disk.is_about_the_disk(error) else BROKEN
    except ParseError as error:
        return OUT_OF_MEMORY if error.code == NO_MEMORY else BROKEN
    except (zipfile.BadZipFile, zlib.error, InvalidFileException, ValueError, TypeError, AttributeError):
        return BROKEN
    except (LookupError, EOFError, NotImplementedError, RuntimeError, ArithmeticError, AssertionError):
        return BROKEN  # a LookupError is also what names an encoding that there is none of


class _ManySheets(Exception):
    """A workbook has more sheets than are looked at."""


class _Entities(Exception):
    """A part that is read declares a document type."""


class _Parts(zipfile.ZipFile):
    """The parts of a workbook: those that are read declare no document type; a picture may."""

    def open(self, name: Any, *how: Any, **more: Any) -> Any:
        with super().open(name) as content:
            if declares_a_type(content):
                raise _Entities
        return super().open(name, *how, **more)


def _opened(source: BinaryIO) -> Any:
    """Returns the workbook.

    Raises: _ManySheets, _Entities; ValueError when two sheets are one part, which would be read twice.
    """
    from openpyxl.reader.excel import ExcelReader

    class Reader(ExcelReader):
        def read_worksheets(self) -> None:
            """Looks at the sheets before any is read."""
            parts = [relation.target for _, relation in self.parser.find_sheets()]
            if len(parts) > MOST_SHEETS:
                raise _ManySheets
            if len(set(parts)) < len(parts):
                raise ValueError("two sheets are one part")
            super().read_worksheets()

    reader = Reader(source, read_only=True, data_only=True, keep_links=False)
    reader.archive = _Parts(source)
    reader.read()
    return reader.wb


def _write_table(book: Any, labels: Labels, label_field: str) -> int:
    """Writes the rows of the only sheet that has a text and a label. What a person has hidden is not delivered."""
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    headers = {sheet: _header(sheet, labels, label_field) for sheet in shown}
    tables = [sheet for sheet, number in headers.items() if number]
    if len(tables) != 1:
        return MANY_TABLES if tables else NO_COLUMNS
    for number, cells in _rows(tables[0]):
        if number >= headers[tables[0]]:
            _write(number, cells)
    return 0


def _header(sheet: Any, labels: Labels, label_field: str) -> int:
    """Returns the number of the row that is the header, 0 when there is none."""
    for number, cells in _rows(sheet, HEADER_WITHIN):
        if Table(cells, labels, label_field).is_labelled:
            return number
    return 0


def _rows(sheet: Any, last: int = MOST_ROWS) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yields number and cells of the rows that are not empty, up to the `last`, without the empty cells at their ends.

    Nothing behind that row is looked at: a file of a few kilobytes may hold a million empty ones.
    """
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()  # what the file says about its size need not be true
        for number, row in enumerate(sheet.iter_rows(max_row=last, values_only=True), 1):
            cells = [_text(cell) for cell in row[:MOST_COLUMNS]]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield number, tuple(cells)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return whole_number(repr(cell))
    text = str(cell)[:LONGEST_CELL]
    return "" if text in ERRORS else _unescaped(text)


def _unescaped(text: str) -> str:
    """Returns the text of a cell: a workbook writes a carriage return as `_x000D_`."""
    return re.sub("_x000[aAdD]_", "\n", text)


def _write(number: int, cells: tuple[str, ...]) -> None:
    sys.stdout.write(json.dumps([number, cells]) + "\n")


if __name__ == "__main__":
    names, english = json.loads(sys.argv[4])
    table = Labels(tuple(names), tuple(english))
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), table, sys.argv[5]))
