r"""Cells of a TSV that a person opens in a spreadsheet: none is taken for a formula, and nothing in it is hidden.

A sign that begins a formula, and a character that nobody sees, is written as the escape of its code: `\x3d` for `=`,
`\u202e` for what turns the direction of writing. The escapes are undone when the file comes back. So that nobody's
backslash is taken for one of them, a row says in its column `escaped_cells` whether its cells are escaped; a file
without that column, or a row that a person typed, is as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sentiment.text.harmless import is_hidden

COLUMN, ESCAPED = "escaped_cells", "yes"
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_CODE = r"[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U(?:000[0-9a-f]|0010)[0-9a-f]{4}"
_WRITTEN = re.compile(rf"\\({_CODE})")
_LOOKS_WRITTEN = re.compile(rf"\\(?={_CODE})")
# Also behind a comma or a semicolon: a spreadsheet may take those for the ends of cells, whatever the file's name says.
_BEFORE = r"(?:\A|[,;])[\s\"'\u200b-\u200d\u2060\ufeff]*"
_SIGN = re.compile(rf"({_BEFORE})([=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b])")  # the wide and small, too


def is_harmless(text: str) -> bool:
    """Tells whether a cell may stand as it is."""
    return not _SIGN.search(text) and (text.isprintable() or not any(map(is_hidden, text)))


def escaped(text: str) -> str:
    """Returns a cell as it is written in a row whose cells are escaped; `unescaped` gives the text back."""
    told = _LOOKS_WRITTEN.sub(r"\\x5c", text)
    shown = told if told.isprintable() else "".join(_code(one) if is_hidden(one) else one for one in told)
    return _SIGN.sub(lambda match: match[1] + _code(match[2]), shown)


def unescaped(cell: str) -> str:
    """Returns the text that `escaped` was given."""
    return _WRITTEN.sub(lambda match: _LETTERS.get(match[1]) or chr(int(match[1][1:], 16)), cell)


def row_of(cells: Sequence[str]) -> tuple[list[str], str]:
    """Returns cells for a row, and what its column `escaped_cells` says."""
    if all(map(is_harmless, cells)):
        return list(cells), ""
    return [escaped(cell) for cell in cells], ESCAPED


def cells_of(row: Sequence[str], said: str) -> tuple[str, ...]:
    """Returns the cells that were given to `row_of`; `said` is what the column `escaped_cells` says."""
    return tuple(map(unescaped, row)) if said.strip() == ESCAPED else tuple(row)


def _code(character: str) -> str:
    code = ord(character)
    if character in "\n\r\t":
        return character.encode("unicode_escape").decode()
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
