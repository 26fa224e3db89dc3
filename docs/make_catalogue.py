"""`make catalogue`: brings the translations' catalogues up to date with the sentences in the code, and compiles them.

A sentence is what stands in `tr("…")`, `tr_many("…", "…", …)` and `marked("…")`, in Python and in pages' templates.
New sentences come in without a translation, which somebody then writes into the `.po`; those that the code no longer
has go out. A test fails when a catalogue is not as this command leaves it, or a translation is missing.

.venv/bin/python docs/make_catalogue.py
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import jinja2
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from sentiment import atomic
from sentiment.language.catalogue import DOMAIN, ENGLISH, FOLDER, LANGUAGES
from sentiment.settings import CHECKOUT

Sentence = str | tuple[str, str]  # one that is counted: for one, for many
PLACES = ("sentiment", "plugins", "dags")
SINGLE, PLURAL = ("tr", "tr_html", "marked"), ("tr_many",)


def messages() -> dict[Sentence, set[str]]:
    """Returns the sentences in the code, each with the files that it stands in."""
    found: dict[Sentence, set[str]] = {}
    for place in PLACES:
        for path in sorted((CHECKOUT / place).rglob("*")):
            for message in _read(path):
                found.setdefault(message, set()).add(str(path.relative_to(CHECKOUT)))
    return found


def _read(path: Path) -> Iterator[Sentence]:
    if path.suffix == ".py":
        yield from _in_python(path.read_text(encoding="utf-8"))
    elif path.suffix == ".html":
        yield from _in_template(path.read_text(encoding="utf-8"))


def _in_python(source: str) -> Iterator[Sentence]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            yield from _of_call(node.func.id, texts)


def _in_template(source: str) -> Iterator[Sentence]:
    nodes = jinja2.nodes
    for call in jinja2.Environment().parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name):
            texts = [one.value for one in call.args if isinstance(one, nodes.Const) and isinstance(one.value, str)]
            yield from _of_call(call.node.name, texts)


def _of_call(name: str, texts: list[str]) -> Iterator[Sentence]:
    if name in SINGLE and texts:
        yield texts[0]
    elif name in PLURAL and len(texts) > 1:
        yield texts[0], texts[1]


def path_of(language: str) -> Path:
    """Returns where a language's catalogue is."""
    return FOLDER / language.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.po"


def updated(language: str) -> Catalog:
    """Returns a language's catalogue with the sentences that the code has, sorted, and the translations that it had."""
    path, fresh = path_of(language), Catalog(language.replace("-", "_"), header_comment="", fuzzy=False)
    before = read_po(io.BytesIO(path.read_bytes()), fresh.locale) if path.is_file() else fresh
    for message, places in sorted(messages().items(), key=lambda item: str(item[0])):
        known = before.get(message if isinstance(message, str) else message[0])
        fresh.add(message, known.string if known else None, locations=[(place, 0) for place in sorted(places)])
    return fresh


def is_translated(message: Message) -> bool:
    """Tells whether a sentence has its translation, a plural one all of them."""
    said = message.string
    return bool(said) if said is None or isinstance(said, str) else all(said)


def as_po(catalogue: Catalog) -> bytes:
    """Returns a catalogue as text for people and tools; without a date, so that it changes only with its words."""
    written = io.BytesIO()
    write_po(written, catalogue, width=120, omit_header=False, include_lineno=False)
    lines = written.getvalue().splitlines(keepends=True)
    names = ("POT-Creation-Date", "PO-Revision-Date", "Generated-By", "Last-Translator", "Language-Team", "Project-Id")
    dated = tuple(f'"{name}'.encode() for name in (*names, "Report-Msgid"))
    return b"".join(line for line in lines if not line.startswith(dated))


def as_mo(catalogue: Catalog) -> bytes:
    """Returns a catalogue as gettext reads it."""
    written = io.BytesIO()
    write_mo(written, read_po(io.BytesIO(as_po(catalogue)), catalogue.locale))
    return written.getvalue()


def main() -> None:
    """Writes every catalogue, and says what still has no translation."""
    missing = 0
    for language in (one for one in LANGUAGES if one != ENGLISH):
        catalogue, path = updated(language), path_of(language)
        for file, content in ((path, as_po(catalogue)), (path.with_suffix(".mo"), as_mo(catalogue))):
            with atomic.replacing(file) as temporary:
                temporary.write_bytes(content)
        for message in catalogue:
            if message.id and not is_translated(message):
                missing += 1
                print(f"no translation yet: {message.id!r}", file=sys.stderr)
        print(f"{path.relative_to(CHECKOUT)}: {len(catalogue):,} sentences, {missing:,} without a translation")


if __name__ == "__main__":
    main()
