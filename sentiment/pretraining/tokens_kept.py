"""Whether kept tokens are those that were written: a power cut may leave zeros, or another's bytes, in a file's size.

`tokens.json` names the sha256 of each file, and all of it is compared when the files are opened again: a second or
two for a gigabyte, as for the corpus itself, where tokenising takes minutes. What does not fit is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sentiment import atomic
from sentiment.digests import BLOCK, sha256_of_content
from sentiment.progress import progress

DESCRIPTION = "tokens.json"


def describe(folder: Path, files: Iterable[str], made_of: str) -> None:
    """Writes what was made of what, last of all."""
    atomic.write_json(folder / DESCRIPTION, {"made_of": made_of, "sha256": _digests(folder, files)})


def fault(folder: Path, files: Iterable[str], made_of: str) -> str:
    """Returns why the kept files cannot be used, as words that follow "the tokens in …"; "" when they can."""
    known = atomic.read_json(folder / DESCRIPTION)
    if known is None:
        return f"have no readable {DESCRIPTION}"
    if known.get("made_of") != made_of:
        return "are of another corpus, or of other pieces"
    if "sha256" not in known:
        return "are of an earlier version, which kept no sha256 of them"
    return _unlike(folder, files, known["sha256"])


def _unlike(folder: Path, files: Iterable[str], kept: Any) -> str:
    try:
        found = _digests(folder, files)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    odd = next((name for name in found if not isinstance(kept, dict) or kept.get(name) != found[name]), None)
    return f"are damaged ({odd} has another sha256)" if odd else ""


def _digests(folder: Path, files: Iterable[str]) -> dict[str, str]:
    paths = {name: folder / name for name in files}
    blocks = sum(-(-path.stat().st_size // BLOCK) for path in paths.values())
    found = {}
    with progress(blocks, "checking tokens", "MB") as line:

        def told() -> None:
            line.update(1)

        for name, path in paths.items():
            with path.open("rb") as handle:
                found[name] = sha256_of_content(handle, told)
    return found
