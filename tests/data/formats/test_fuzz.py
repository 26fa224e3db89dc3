"""Posts in every form, whole and damaged: no input crashes a reader, and no post comes out that did not go in.

`FUZZ_INPUTS=100000 pytest tests/data/formats/test_fuzz.py` tries that many inputs; `FUZZ_SEED` gives others.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import random
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from sentiment.data.delivery import judge
from sentiment.data.formats.recognise import read_file
from sentiment.data.formats.record import UnreadableFile
from sentiment.data.tsv import Post, one_line
from sentiment.labels import Labels

INPUTS = int(os.environ.get("FUZZ_INPUTS", "3000"))
SEED = int(os.environ.get("FUZZ_SEED", "12"))
LABELS = Labels()
WORDS = [
    "好吃",
    "服務很差",
    "還可以",
    "他說",
    "真的",
    "推薦",
    "第一次來",
    "不會再去",
    "價錢",
    "の",
    "👍",
    "café",
    "C:\\",
]
SIGNS = [",", "\t", '"', "「", "」", "!", "?", "\\", "'", ";", "#"]
INNER = ["口味,2", "服務\t1", "0,環境", "2\t價錢", '"好",1', "text,label", "", '"', '{"text": "假的", "label": 0}']


class File(NamedTuple):
    """A file as somebody delivers it, and what it holds."""

    name: str
    content: bytes
    posts: list[Post]


def a_text(chance: random.Random) -> str:
    """Returns a text of one to six lines; those within look like rows, the first does not."""
    line = "".join(chance.choice(WORDS if chance.random() < 0.7 else SIGNS) for _ in range(chance.randint(1, 8)))
    line = f"{chance.choice(WORDS[:10])}{line}{chance.choice(WORDS[:10])}"
    inner = [chance.choice(INNER) for _ in range(chance.randint(1, 4))] if chance.random() < 0.3 else []
    return "\n".join([line, *inner, *(["結尾" + chance.choice(WORDS)] if inner else [])])


def some_posts(chance: random.Random) -> list[Post]:
    posts = [Post(a_text(chance), chance.randrange(3)) for _ in range(chance.randint(1, 6))]
    return [Post(f"第{number}篇{post.text}", post.label) for number, post in enumerate(posts)]


def delimited(chance: random.Random, posts: list[Post]) -> tuple[str, str]:
    delimiter, suffix = chance.choice([(",", ".csv"), ("\t", ".tsv")])
    out = io.StringIO()
    quoting: Literal[0, 1] = csv.QUOTE_ALL if chance.random() < 0.5 else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=chance.choice(["\n", "\r\n"]))
    columns = chance.choice([("text", "label"), ("text", "label", "title"), ("title", "text", "label")])
    writer.writerow(columns)
    for post in posts:
        writer.writerow({"text": post.text, "label": post.label, "title": "標題"}[column] for column in columns)
    return suffix, out.getvalue()


def as_json(shape: Callable[[int, Post], dict[str, Any]]) -> Callable[[random.Random, list[Post]], tuple[str, str]]:
    def write(chance: random.Random, posts: list[Post]) -> tuple[str, str]:
        ascii_only = chance.random() < 0.3
        values = [shape(number, post) for number, post in enumerate(posts)]
        if chance.random() < 0.5:
            return ".jsonl", "".join(json.dumps(value, ensure_ascii=ascii_only) + "\n" for value in values)
        return ".json", json.dumps(values, ensure_ascii=ascii_only, indent=chance.choice([None, 2]))

    return write


def chosen(number: int, post: Post) -> dict[str, Any]:
    value = {"choices": [LABELS.names[post.label]]}
    result = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": value}]
    return {"id": number, "result": result, "was_cancelled": False, "ground_truth": False}


FORMS = [
    delimited,
    delimited,
    delimited,
    as_json(lambda number, post: {"text": post.text, "label": post.label}),
    as_json(
        lambda number, post: {"id": number, "text": post.text, "label": [LABELS.names[post.label]], "Comments": []}
    ),
    as_json(
        lambda number, post: {
            "id": number,
            "data": {"text": post.text, "label": "正面"},
            "annotations": [chosen(number, post)],
            "predictions": [chosen(number, Post("", (post.label + 1) % 3))],
        }
    ),
    as_json(
        lambda number, post: {
            "text": post.text,
            "label": "中立",
            "id": number,
            "sentiment": LABELS.names[post.label],
            "annotator": 1,
            "annotation_id": number,
            "lead_time": 1.5,
        }
    ),
    as_json(
        lambda number, post: {
            "text": post.text,
            "label": LABELS.names[post.label],
            "_input_hash": number,
            "_task_hash": number,
            "answer": "accept",
        }
    ),
    as_json(
        lambda number, post: {
            "fields": {"text": post.text},
            "responses": {"sentiment": [{"value": LABELS.names[post.label], "user_id": "u", "status": "submitted"}]},
            "suggestions": {"sentiment": {"value": LABELS.names[(post.label + 1) % 3]}},
        }
    ),
]


def a_file(chance: random.Random) -> tuple[File, str]:
    """Returns a file and its text before it was encoded."""
    posts = some_posts(chance)
    suffix, text = chance.choice(FORMS)(chance, posts)
    content = text.encode()
    with contextlib.suppress(UnicodeEncodeError):
        content = text.encode(chance.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "big5hkscs", "gb18030"]))
    return File(f"a{suffix}", content, posts), text


def read(name: str, content: bytes) -> list[Post] | None:
    """Returns the posts that are accepted, None for a file that is refused as a whole."""
    try:
        judged = [judge(record, LABELS) for record in read_file(io.BytesIO(content), name, LABELS).records]
    except UnreadableFile:
        return None
    return [post for post in judged if isinstance(post, Post)]


def bare(text: str) -> str:
    """Returns what is left of a text without quotes, backslashes and spaces, which damage may add and take."""
    return "".join(one_line(text).translate({ord(sign): None for sign in '"\\'}).split())


def without_a_closing_quote(chance: random.Random, text: str) -> str:
    closing = [at for at, sign in enumerate(text) if sign == '"' and text[at + 1 : at + 2] in (",", "\t", "\n", "\r")]
    if not closing:
        return text
    at = chance.choice(closing)
    return text[:at] + text[at + 1 :]


def with_a_quote(chance: random.Random, text: str) -> str:
    at = chance.randint(0, len(text))
    return f'{text[:at]}"{text[at:]}'


def test_whole_files_give_their_posts_exactly() -> None:
    chance = random.Random(SEED)
    refused = 0
    for _ in range(INPUTS // 3):
        file, _ = a_file(chance)
        packed = chance.random() < 0.2
        found = read(file.name + ".gz" * packed, gzip.compress(file.content, 1) if packed else file.content)
        if found is None:
            refused += 1  # too few characters to be sure of their encoding
            assert not file.content.isascii()
            continue
        assert [(post.text, post.label) for post in found] == [(one_line(post.text), post.label) for post in file.posts]
    assert refused < INPUTS // 30


def test_a_lost_or_stray_quote_makes_no_post_of_a_part_of_one() -> None:
    chance = random.Random(SEED + 1)
    for _ in range(INPUTS // 3):
        posts = some_posts(chance)
        suffix, text = delimited(chance, posts)
        damaged = chance.choice([without_a_closing_quote, with_a_quote])(chance, text)
        whole = {bare(post.text) for post in posts}
        for post in read(f"a{suffix}", damaged.encode()) or ():
            assert bare(post.text) in whole, (damaged, post)


def test_no_bytes_crash_a_reader() -> None:
    chance = random.Random(SEED + 2)
    for _ in range(INPUTS // 3):
        file, _ = a_file(chance)
        content = bytearray(gzip.compress(file.content, 1) if chance.random() < 0.3 else file.content)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(content)) if content else 0
            match chance.randrange(4):
                case 0:
                    content[at : at + 1] = bytes([chance.randrange(256)])
                case 1:
                    del content[at : at + chance.randint(1, 30)]
                case 2:
                    content[at:at] = chance.choice([b'"', b"\n", b"\0", b"\\", b"{", b"[", b"\xff", b"\t", b","])
                case _:
                    content[at:at] = content[at // 2 : at // 2 + 20]
        suffix = chance.choice([file.name[1:], ".csv", ".json", ".jsonl", ".tsv.gz"])
        assert read(f"a{suffix}", bytes(content)) is None or content
