"""The fields of one row of a delimited file by RFC 4180, or with quotes behind backslashes as Spark writes them."""

from __future__ import annotations


class Fields:
    """The fields of one row, line by line. `state` is open (within quotes), closed (a whole row) or broken."""

    def __init__(self, delimiter: str, backslash: bool) -> None:
        self.fields: list[str] = []
        self.state = "open"
        self.strict = True  # no quote within a field that is not quoted
        self.escapes = False  # a quote that closes a field, or might, stands behind a backslash
        self._delimiter, self._backslash = delimiter, backslash
        self._open: list[str] | None = None  # the parts of the quoted field that is open

    def take(self, line: str, ending: str) -> None:
        """Goes on with a line, which `ending` ends."""
        at = 0
        while True:
            if self._open is None and line.startswith('"', at):
                self._open, at = [], at + 1
            if self._open is None:
                end = line.find(self._delimiter, at)
                self._add(line[at:] if end < 0 else line[at:end])
                if end < 0:
                    self.state = "closed"
                    return
                at = end + 1
                continue
            end = self._closing(line, at)
            self._open.append(line[at:end] if end >= 0 else line[at:] + ending)
            if end < 0:
                return
            at = self._close(line, end)
            if at < 0:
                return

    def _add(self, field: str) -> None:
        self.strict = self.strict and '"' not in field
        self.fields.append(field)

    def _closing(self, line: str, at: int) -> int:
        """Returns where the next quote is that is neither doubled nor, with backslashes, escaped; or -1."""
        end = line.find('"', at)
        while end >= 0:
            escaped = end > at and line[end - 1] == "\\" and _backslashes(line, at, end) % 2 == 1
            self.escapes = self.escapes or escaped
            if escaped and self._backslash:
                end = line.find('"', end + 1)
            elif not self._backslash and line.startswith('"', end + 1):
                end = line.find('"', end + 2)
            else:
                break
        return end

    def _close(self, line: str, end: int) -> int:
        """Ends the open field at the quote at `end`; returns where the next begins, -1 when the row ends there."""
        assert self._open is not None
        text = "".join(self._open)
        self._open = None
        self.fields.append(text.replace('\\"', '"') if self._backslash else text.replace('""', '"'))
        following = line[end + 1 : end + 2]
        if following == self._delimiter:
            return end + 2
        self.state = "broken" if following else "closed"
        return -1


def _backslashes(line: str, at: int, end: int) -> int:
    """Returns how many backslashes stand right before `end`; those before `at` belong to another field."""
    first = end
    while first > at and line[first - 1] == "\\":
        first -= 1
    return end - first
