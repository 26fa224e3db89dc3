"""A table: a header, then rows of as many fields; of a tool's export as well as of posts as anybody writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from sentiment.data.formats.allowance import Allowance
from sentiment.data.formats.item import Item, cell
from sentiment.data.formats.labelled import is_tools, item_of, record_of_item
from sentiment.data.formats.record import Columns, Record, by_cleaned_name, label_names, text_names
from sentiment.data.formats.survey import Survey
from sentiment.data.rows import IsComplete, Row, fitted
from sentiment.data.tsv import whole_number
from sentiment.labels import Labels


def _are_different(names: list[str]) -> bool:
    return len(set(names)) == len(names)


class Table:
    """What a table's header says: which columns are the text and the label, or that a survey must tell."""

    def __init__(self, header: tuple[str, ...], labels: Labels, label_field: str) -> None:
        self.header = header
        while self.header and not self.header[-1].strip():
            self.header = self.header[:-1]
        self._labels, self._label_field = labels, label_field
        self._cleaned = by_cleaned_name(self.header)
        self._names = text_names(self._cleaned)
        self._candidates = label_names(self._cleaned, label_field)
        self._tools = is_tools(self._cleaned)

    @property
    def is_labelled(self) -> bool:
        """Tells whether there is a text, and something that may be its label."""
        once = _are_different(list(self.header) if self._tools else self._candidates)
        return "text" in self._names and (self._tools or bool(self._candidates)) and once

    @property
    def needs_survey(self) -> bool:
        """Tells whether it takes all rows to know which column is the label, or on what annotators disagree."""
        return self._tools or len(self._candidates) != 1

    @property
    def is_complete(self) -> IsComplete:
        """What tells whether fields are a whole row: as many as columns, and a label where its column is known."""
        width, labels = len(self.header), self._labels
        if self.needs_survey:
            return lambda fields: len(fitted(fields, width)) == width
        label = self.header.index(self._candidates[0])

        def is_complete(fields: tuple[str, ...]) -> bool:
            fields = fitted(fields, width)
            return len(fields) == width and labels.parse(whole_number(fields[label])) is not None

        return is_complete

    def records(self, rows: Callable[[], Iterator[Row]], allowed: Allowance) -> Iterator[Record]:
        """Yields the records of the rows behind the header; `rows` begins anew at every call."""
        return self._surveyed(rows, allowed) if self.needs_survey else self._plain(rows())

    def _plain(self, rows: Iterator[Row]) -> Iterator[Record]:
        width = len(self.header)
        label = self.header.index(self._candidates[0])
        where = {name: self.header.index(column) for name, column in self._names.items()}
        text, title, source = (where.get(name, -1) for name in ("text", "title", "source"))
        fewest = max(label, text) + 1
        columns_of, record_of = partial(tuple.__new__, Columns), partial(tuple.__new__, Record)  # quicker by a half
        for number, raw, fields, error in rows:
            given = len(fields)
            if error or given != width:
                fields = fitted(fields, width)
                if error or given < fewest or len(fields) != width:
                    yield Record(number, raw, error=error or f"wrong number of columns: {given} instead of {width}")
                    continue
            stated = whole_number(fields[label]) if "." in fields[label] else fields[label]
            titled, from_source = fields[title] if title >= 0 else "", fields[source] if source >= 0 else ""
            columns = columns_of((fields[text], stated, titled, from_source))
            yield record_of((number, raw, columns, ""))

    def _surveyed(self, rows: Callable[[], Iterator[Row]], allowed: Allowance) -> Iterator[Record]:
        survey = Survey(self._labels, self._label_field)
        seen = allowed.first(rows())
        survey.take(self._item(fields) for _, _, fields, error in seen if not error and self._fits(fields))
        width = len(self.header)
        for number, raw, fields, error in rows():
            if error or not self._fits(fields):
                yield Record(number, raw, error=error or f"wrong number of columns: {len(fields)} instead of {width}")
            else:
                yield record_of_item(number, raw, self._item(fields), survey, self._labels)

    def _fits(self, fields: tuple[str, ...]) -> bool:
        return len(fitted(fields, len(self.header))) == len(self.header) and any(fields)

    def _item(self, fields: tuple[str, ...]) -> Item:
        text = self._names.get("text")
        named = zip(self.header, fitted(fields, len(self.header)), strict=True)
        value = {name: field if name == text else cell(field) for name, field in named}
        return item_of(value, self._labels, self._label_field)
