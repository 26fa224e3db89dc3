"""What a checkpoint says of its tokenizer, in tokenizer_config.json and config.json: honoured, or refused in one line.

Only the files decide, never the checkpoint's name: the same files give the same model, by name and from a folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sentiment.errors import InputError
from sentiment.model.vocabulary import CLASSIFY, MASK, PAD, SEPARATOR, UNKNOWN

CLASS = "tokenizer_class"
# The classes of transformers that split as BertTokenizer does, without the `Fast` of their other implementation.
BERTS = frozenset(f"{name}Tokenizer" for name in ("Bert", "ConvBert", "DistilBert", "Electra", "Lxmert", "MobileBert"))
# Settings that must have this value, where they are there and not null.
FIXED: dict[str, Any] = {"tokenize_chinese_chars": True, "do_basic_tokenize": True, "never_split": []}
PIECES = {"pad_token": PAD, "unk_token": UNKNOWN, "cls_token": CLASSIFY, "sep_token": SEPARATOR, "mask_token": MASK}


def lower_case(settings: Mapping[str, Any], architecture: Mapping[str, Any], name: str) -> bool:
    """Returns whether the tokenizer of checkpoint `name` lower-cases (and strips accents), as BERT does unless told.

    InputError: a setting that this tokenizer does not have, with the name of the setting.
    """
    given = {CLASS: architecture.get(CLASS)} | {key: value for key, value in settings.items() if value is not None}
    lowers = given.get("do_lower_case", True)
    for setting, found in _unlike_bert(given, lowers):
        raise InputError(
            f"the tokenizer of {name} must be BERT's: it splits at every Chinese character, and strips accents if, and "
            "only if, it lower-cases",
            found=f"{setting}: {found!r:.80} in its settings",
            do="Name an encoder with such a tokenizer.",
        )
    return bool(lowers)


def _unlike_bert(given: Mapping[str, Any], lowers: Any) -> Iterator[tuple[str, Any]]:
    """Yields the settings, with their values, that BERT's tokenizer as it is here does not have."""
    if not isinstance(lowers, bool):
        yield "do_lower_case", lowers
    if given.get("strip_accents", lowers) is not lowers:
        yield "strip_accents", given["strip_accents"]
    if given[CLASS] is not None and str(given[CLASS]).removesuffix("Fast") not in BERTS:
        yield CLASS, given[CLASS]
    for setting, value in FIXED.items():
        if given.get(setting, value) != value:
            yield setting, given[setting]
    for setting, piece in PIECES.items():
        found = given.get(setting, piece)
        if (found.get("content") if isinstance(found, Mapping) else found) != piece:
            yield setting, found
