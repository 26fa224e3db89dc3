"""The attributes of an HDF5 file of weights: numbers and texts, few of them; and what Keras's lists in them name."""

from __future__ import annotations

from typing import Any

MOST_ATTRIBUTES = 1_000  # of a group or an array: each is looked up among all of them
MOST_IN_ALL = 10_000
MOST_TEXT = 16 << 20  # bytes of all attributes; the names of BERT's layers and weights take some ten thousand
MOST_NAMED = 20_000  # layers and weights; a BERT of 24 layers has 400
MOST_MEMBERS = 2  # of an enumeration: HDF5's booleans are one
LAYERS, WEIGHTS = "layer_names", "weight_names"  # what Keras reads by; long lists: `weight_names0`, `weight_names1`, …
TEXTS = "attributes whose texts take far more memory than names do"


class OddError(Exception):
    """Says what is odd about a file."""


class Attributes:
    """What a file's attributes may still hold, and the `layers` and `weights` that they name, as paths in the file."""

    def __init__(self) -> None:
        self.layers: list[str] = []
        self.weights: list[str] = []
        self._left, self._text_left = MOST_IN_ALL, MOST_TEXT

    def look_at(self, item: Any, where: str) -> None:
        """Looks at the attributes of a group or an array. Raises: OddError."""
        import h5py

        number = h5py.h5o.get_info(item.id).num_attrs
        self._left -= number
        if number > MOST_ATTRIBUTES or self._left < 0:
            raise OddError(f"more than {MOST_ATTRIBUTES:,} attributes of {where or '/'}")
        for index in range(number):
            attribute = h5py.h5a.open(item.id, index=index)
            self._look_at(item, attribute.name.decode(), attribute, where)

    def _look_at(self, item: Any, name: str, attribute: Any, where: str) -> None:
        import h5py

        kind, values = attribute.get_type(), attribute.get_space().get_simple_extent_npoints()
        is_text = isinstance(kind, h5py.h5t.TypeStringID)
        if not is_text and not is_of_numbers(kind):
            raise OddError(f"an attribute that is neither numbers nor texts of {where or '/'}")
        self._count(values * kind.get_size())
        texts = self._texts(item, name, kind) if is_text and values else []
        if (listed := name.rstrip("0123456789")) in (LAYERS, WEIGHTS):
            if len(attribute.shape or ()) != 1 or len(texts) != values:
                raise OddError(f"{listed} that are no list of names in {where or '/'}")
            self._keep(self.layers if listed == LAYERS else self.weights, texts, where)

    def _texts(self, item: Any, name: str, kind: Any) -> Any:
        """Returns the texts of an attribute, or one text."""
        try:
            found = item.attrs[name]
        except (MemoryError, OSError, RuntimeError):  # HDF5's own errors: there was no memory, too
            raise OddError(TEXTS) from None
        if kind.is_variable_str():
            self._count(sum(map(len, found.ravel())) if hasattr(found, "ravel") else len(found))
        return found

    def _count(self, size: int) -> None:
        self._text_left -= size
        if self._text_left < 0:
            raise OddError(TEXTS)

    def _keep(self, named: list[str], texts: Any, where: str) -> None:
        if len(named) + len(texts) > MOST_NAMED:
            raise OddError(f"more than {MOST_NAMED:,} names in lists")
        named += (f"{where}/{text.decode() if isinstance(text, bytes) else text}" for text in texts)


def is_of_numbers(kind: Any) -> bool:
    """Tells whether a type of HDF5 is of numbers or booleans."""
    import h5py

    if isinstance(kind, h5py.h5t.TypeEnumID):
        return bool(kind.get_nmembers() <= MOST_MEMBERS)
    return isinstance(kind, h5py.h5t.TypeIntegerID | h5py.h5t.TypeFloatID)
