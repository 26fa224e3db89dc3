"""The word pieces of a model: a `vocab.txt` in BERT's format, one piece per line; the line number (from 0) is its id.

A piece that stands there twice has the id of its last line, as in BERT's own tokenizer; the earlier row stays unused.

A from-scratch encoder gets its pieces from the training text, plus the characters that Traditional Chinese posts use,
so that a later warm start can learn words that the first data did not contain.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sentiment.disk import size_of
from sentiment.errors import InputError
from sentiment.model import piece_trie
from sentiment.model.word_counts import WordCounts
from sentiment.text.marks import without_accents

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNKNOWN, CLASSIFY, SEPARATOR, MASK = SPECIAL

# Chinese characters as BERT's tokenizer knows them: each is a piece of its own. Source: `_is_chinese_char` in BERT.
CHINESE = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
# What BERT's tokenizer removes from a text, whatever stands around it: all of Unicode's control characters but the tab
# and the two line breaks, which are white space. The inside of a character class, for Python's `re` and for RE2.
CONTROL = r"\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F"
CONTROLS = re.compile(f"[{CONTROL}]")
MOST_WORDS = 2000
LARGEST = 16 << 20  # bytes of a file; bert-base-chinese has 110 KB, LaBSE with 501,153 pieces 5 MB
LONGEST = 256  # bytes of a piece, without ##: BERT's tokenizers take no longer one


def build(texts: Iterable[str], *, lower_case: bool = True) -> list[str]:
    """Returns the pieces for `texts`: special, ASCII, common Traditional Chinese, then everything else in the texts."""
    characters = [*string.ascii_letters, *string.digits, *string.punctuation, *big5(0xA1, 0xA3), *big5(0xA4, 0xC6)]
    seen, words = set[str](), WordCounts()
    for text in texts:
        for word in split(text, lower_case=lower_case):
            seen.update(word)
            words.add(word)
    pieces = dict.fromkeys(SPECIAL)
    for character in [*characters, *sorted(seen)]:
        for word in split(character, lower_case=lower_case):
            for letter in word:
                pieces[letter] = None
                if not stands_alone(letter):
                    pieces[f"##{letter}"] = None
    pieces.update(dict.fromkeys(sorted(words.often()[:MOST_WORDS])))
    return list(pieces)


def big5(first: int, last: int) -> Iterator[str]:
    """Yields the characters whose Big5 lead byte is in `first..last`.

    A1 to A3: punctuation, Greek and Zhuyin. A4 to C6: the 5,401 common Chinese characters (level 1, A440 to C67E).
    """
    for lead in range(first, last + 1):
        for trail in (*range(0x40, 0x7F), *range(0xA1, 0xFF)):
            if (lead, trail) > (0xC6, 0x7E):
                return
            try:
                yield bytes((lead, trail)).decode("big5")
            except UnicodeDecodeError:
                continue  # an unassigned code


def split(text: str, *, lower_case: bool) -> list[str]:
    """Splits like BERT's basic tokenizer: at white space, around punctuation and around Chinese characters."""
    text = CONTROLS.sub("", text)
    if lower_case:
        text = without_accents(text.lower())
    spaced = "".join(f" {character} " if stands_alone(character) else character for character in text)
    return ["".join(filter(str.isprintable, word)) for word in spaced.split() if any(map(str.isprintable, word))]


def stands_alone(character: str) -> bool:
    """Tells whether `character` never continues a word: punctuation, or a Chinese character."""
    code = ord(character)
    return (
        character in string.punctuation
        or unicodedata.category(character).startswith("P")
        or any(low <= code <= high for low, high in CHINESE)
    )


def read(path: Path) -> list[str]:
    """Reads a `vocab.txt`. Raises: InputError when it cannot be read, lacks a special piece, or has not [PAD] first."""
    try:
        if (size := size_of(path)) > LARGEST:
            raise ValueError(f"{size:,} bytes, more than {LARGEST:,}")
        written = path.read_text(encoding="utf-8")
        if (lines := written.count("\n")) > piece_trie.MOST_PIECES:
            raise ValueError(f"{lines:,} lines, more than {piece_trie.MOST_PIECES:,}")
        pieces = written.split("\n")
    except (OSError, ValueError) as error:
        raise InputError(
            "a vocabulary must be a readable UTF-8 text file", found=f"{path}: {error}", do="Name a BERT vocab.txt."
        ) from None
    while pieces and not pieces[-1]:
        pieces.pop()
    pieces = [piece.rstrip("\r") for piece in pieces]
    check(pieces, str(path))
    return pieces


def check(pieces: Sequence[str], source: str) -> None:
    """Raises: InputError unless `pieces` can be a model's vocabulary."""
    missing = [piece for piece in SPECIAL if piece not in pieces]
    if missing or pieces[0] != PAD:
        raise InputError(
            f"a vocabulary must hold {' '.join(SPECIAL)}, with {PAD} first (id 0 is padding)",
            found=f"{source} without {' '.join(missing)}" if missing else f"{source}, which starts with {pieces[0]!r}",
            do="Name a BERT vocab.txt.",
        )
    if long := next((piece for piece in pieces if len(piece.removeprefix("##").encode()) > LONGEST), None):
        raise InputError(
            f"a piece of a vocabulary must have at most {LONGEST} bytes",
            found=f"{long[:40]!a}… in {source}",
            do="Name a BERT vocab.txt.",
        )
    piece_trie.require_room(pieces, source)


def write(path: Path, pieces: Sequence[str]) -> None:
    """Writes a `vocab.txt`."""
    path.write_text("\n".join(pieces) + "\n", encoding="utf-8")
