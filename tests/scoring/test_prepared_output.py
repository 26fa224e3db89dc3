"""What somebody prepared, lost or copied where the scores go: it is told in one line, and no post counts twice."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from sentiment import atomic, seal
from sentiment.errors import InputError
from sentiment.results.scoring import ASIDE_FILES, SCORED
from sentiment.scoring import begun
from sentiment.scoring.changed import table_of
from sentiment.scoring.columns import Columns
from sentiment.scoring.compare_scores import compare
from sentiment.scoring.current import ABOUT, Made, version_place, write
from sentiment.scoring.ledger import Ledger
from sentiment.scoring.list_of_shards import NAME, listed
from sentiment.scoring.places import Place, place_of
from sentiment.scoring.shards import Shard, SourceFile, aside_path, data_path
from sentiment.scoring.work import packed, with_sums

FILE = SourceFile(name="a.tsv", size=1, stamp="1", digest="d")
ROWS = 10


@pytest.fixture
def root(tmp_path: Path) -> Place:
    return place_of(str(tmp_path / "scores"))


def made(version: int = 2, **other: object) -> Made:
    said = {
        "model": "m",
        "labels": ["正面", "負面", "中性"],
        "columns": Columns(),
        "shard_rows": ROWS,
        "source": "/posts",
    }
    return Made(version=version, **(said | other))  # type: ignore[arg-type]


def shard(place: Place, index: int, last: bool = False) -> Shard:
    """Writes a shard of one file as a worker does."""
    numbers = list(range(index * ROWS, (index + 1) * ROWS))
    columns = {"text": ["好吃"] * ROWS, "sentiment_row": numbers, "sentiment_label_id": pa.array([0] * ROWS, pa.int8())}
    columns |= {f"sentiment_p{label}": pa.array([0.8 - 0.35 * label] * ROWS, pa.float32()) for label in range(3)}
    found = Shard(
        file=FILE.name, digest=FILE.digest, id=FILE.id, index=index, first=numbers[0], rows=ROWS, scored=ROWS, aside=0,
        last=last,
    )  # fmt: skip
    content = packed(pa.table(columns), found)
    place.write(data_path(FILE.id, index), content)
    return with_sums(found, content)


def scored(root: Place, version: int = 2, shards: int = 3) -> Place:
    """Returns a version's place with shards of one file, as a run that finished leaves it."""
    place = version_place(root, version)
    write(place, ABOUT, made(version))
    ledger = Ledger(place)
    for index in range(shards):
        ledger.add(shard(place, index, last=index == shards - 1))
    ledger.write()
    return place


@pytest.mark.parametrize("name", [data_path(FILE.id, 7), data_path("f" * 20, 0), data_path("zzz", 0)])
def test_a_file_of_scores_under_another_name_counts_once(root: Place, name: str) -> None:
    place = scored(root)
    content = place.read(data_path(FILE.id, 0))
    assert content is not None
    place.write(name, content)
    opened = Ledger.opened(place)
    assert sorted(opened.shards) == [(FILE.id, index) for index in range(3)]
    assert sum(one.scored for one in opened.to_read()) == 3 * ROWS


@pytest.mark.parametrize("content", [None, b"{}", b"{"])
def test_scores_that_nothing_tells_of_are_not_gone_on_with(root: Place, content: bytes | None) -> None:
    """Begun as if there were none, they were kept beside shards of other rows: posts were lost, and it was complete."""
    place = scored(root)
    place.remove(ABOUT)
    if content is not None:
        place.write(ABOUT, content)
    with pytest.raises(InputError, match=r"version.json.* must .* Restore it, or remove the folder that it is in"):
        begun.agreed(root, made(), [], shard_rows_given=False)
    assert len(list(place.listed("data"))) == 3


def test_a_folder_without_scores_is_begun_whatever_was_there(root: Place) -> None:
    wanted = made(shard_rows=20)
    assert begun.agreed(root, wanted, [], shard_rows_given=True) == wanted
    write(version_place(root, 2), ABOUT, made())
    assert begun.agreed(root, wanted, [], shard_rows_given=True) == wanted


@pytest.mark.parametrize("rows", [5, 20])
def test_a_version_json_that_says_other_shards_is_told(root: Place, rows: int) -> None:
    shards = Ledger.opened(scored(root)).shards.values()
    begun.require_made_so(root, made(), shards)
    with pytest.raises(InputError, match=r"were begun with; found shards of \d+, and rows \d+ to \d+ in data/"):
        begun.require_made_so(root, made(shard_rows=rows), shards)


@pytest.mark.parametrize("link", ["version-2", "version-2/data", "version-2/put-aside"])
def test_a_folder_of_a_version_that_is_a_link_is_not_gone_into(root: Place, tmp_path: Path, link: str) -> None:
    """Somebody else's files there were removed: all of them, or those that are named like scores."""
    (path := Path(root.address) / link).parent.mkdir(parents=True)
    (victim := tmp_path / "victim").mkdir()
    path.symlink_to(victim)
    with pytest.raises(InputError, match=rf"/{link} must be a folder; found a link\."):
        version_place(root, 2)
    assert link in str(path) and not list(victim.iterdir())


def test_the_place_of_all_scores_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "scores").symlink_to(tmp_path / "disk")
    scored(place_of(str(tmp_path / "scores")))
    assert len(Ledger.opened(version_place(place_of(str(tmp_path / "scores")), 2)).shards) == 3


def test_what_is_not_named_like_a_file_of_ours_stays(root: Place) -> None:
    ours = aside_path(FILE.id, 0), data_path(FILE.id, 0), ASIDE_FILES
    others = ("put-aside/thesis.txt", "put-aside/x-1.jsonl", f"put-aside/x/{FILE.id}-000001.jsonl",
              "data/x-000000.parquet", f"data/x/{FILE.id}-000000.parquet")  # fmt: skip
    place = version_place(root, 2)
    for name in (*ours, *others):
        place.write(name, b"x")
    assert not Ledger.opened(place).shards
    begun.begin(root, made())
    assert sorted(file.name for file in place.listed()) == sorted((*others, ABOUT))


def finished(root: Place) -> Place:
    """Returns the place of a version's scores as `sentiment score` leaves it at its end."""
    place = scored(root)
    place.write(SCORED, b"{}")
    return place


def cut(content: bytes) -> bytes:
    return b"".join(content.splitlines(keepends=True)[:2])


@pytest.mark.parametrize(
    ("change", "found"),
    [(cut, "2, and lines that say another number"), (lambda content: content * 2, "the same file twice"),
     (lambda content: cut(content) * 2, "the same file twice"), (lambda content: b"", "none"), (None, "none")],
)  # fmt: skip
def test_a_list_of_scores_that_is_not_whole_is_told_and_made_anew(
    root: Place, change: Callable[[bytes], bytes] | None, found: str
) -> None:
    """A line's own sum says nothing of the lines beside it: scores were told as fewer, or as twice as many."""
    scored(root, 1)
    place = finished(root)
    whole = place.read(NAME)
    assert whole is not None and len(listed(place)) == 3
    place.remove(NAME)
    if change:
        place.write(NAME, change(whole))
    with pytest.raises(
        InputError, match=rf"ledger.jsonl must have a line for each file of scores; found {found}\. Give"
    ):
        listed(place)
    with pytest.raises(InputError, match="must have a line for each file of scores"):
        compare(root, 1, 2)
    Ledger.opened(place).write()
    assert place.read(NAME) == whole


def test_a_list_of_an_earlier_version_says_no_number_of_lines(root: Place) -> None:
    place = finished(root)
    lines = [json.loads(line) for line in (place.read(NAME) or b"").splitlines()]
    earlier = [seal.sealed({name: one[name] for name in one if name not in ("lines", "sum", "path")}, name="sum")
               for one in lines]  # fmt: skip
    before = listed(place)
    place.write(NAME, "".join(f"{json.dumps(line)}\n" for line in earlier).encode())
    assert listed(place) == before


def test_a_version_that_was_killed_before_its_first_list_has_no_scores_to_read(root: Place) -> None:
    place = scored(root)
    place.remove(NAME)
    assert listed(place) == []


def test_a_line_leads_to_no_file_outside_of_the_scores(root: Place) -> None:
    place = scored(root)
    line = json.loads((place.read(NAME) or b"").splitlines()[0])
    line = {**{name: one for name, one in line.items() if name not in ("sum", "path")}, "id": "../../other/x"}
    place.write(NAME, f"{json.dumps(line)}\n".encode())
    with pytest.raises(InputError, match="must be as it was written"):
        listed(place)


@pytest.mark.parametrize("kind", ["a pipe", "a socket", "a device"])
def test_what_is_no_file_is_told_and_not_waited_for(root: Place, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    path = Path(root.address) / ABOUT
    path.parent.mkdir()
    monkeypatch.chdir(path.parent)
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(ABOUT)  # a longer name may be none for a socket
    with pytest.raises(InputError, match=rf"{ABOUT} must be a file; found a pipe or a device"):
        root.read(ABOUT)
    with pytest.raises(InputError, match="must be a file"), atomic.exclusive_lock(path):
        pass


def test_a_folder_for_a_file_is_told_as_before(root: Place) -> None:
    (Path(root.address) / ABOUT).mkdir(parents=True)
    with pytest.raises(IsADirectoryError, match=ABOUT):
        root.read(ABOUT)


def with_values(name: str, values: pa.Array) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.set_column(table.column_names.index(name), name, values)


MISFITS: dict[str, Callable[[pa.Table], pa.Table]] = {
    "no row": lambda table: table.drop_columns(["sentiment_row"]),
    "no label": lambda table: table.drop_columns(["sentiment_label_id"]),
    "no chance": lambda table: table.drop_columns(["sentiment_p0"]),
    "no text": lambda table: table.drop_columns(["text"]),
    "rows of nothing": with_values("sentiment_row", pa.nulls(ROWS, pa.int64())),
    "rows of text": with_values("sentiment_row", pa.array(["x"] * ROWS)),
    "rows of another shard": with_values("sentiment_row", pa.array(range(ROWS, 2 * ROWS))),
    "a label too high": with_values("sentiment_label_id", pa.array([7] * ROWS, pa.int8())),
    "a label below 0": with_values("sentiment_label_id", pa.array([-1] * ROWS, pa.int8())),
    "labels of nothing": with_values("sentiment_label_id", pa.nulls(ROWS, pa.int8())),
    "labels that are no number": with_values("sentiment_label_id", pa.array([np.nan] * ROWS)),
    "chances of nothing": with_values("sentiment_p0", pa.nulls(ROWS, pa.float32())),
    "chances that are no number": with_values("sentiment_p0", pa.array([np.nan] * ROWS, pa.float32())),
    "an identity of text": lambda table: table.append_column("sentiment_text_id", pa.array(["ab"] * ROWS)),
    "the text twice": lambda table: table.append_column("text", table.column("text")),
    "the rows twice": lambda table: pa.concat_tables([table, table]),
    "a row twice": with_values("sentiment_row", pa.array([0, *range(ROWS - 1)])),
    "no rows": lambda table: table.slice(0, 0),
}


@pytest.mark.parametrize("wrong", MISFITS)
def test_scores_that_do_not_fit_their_shard_are_told_and_not_counted(root: Place, wrong: str) -> None:
    """As a list without sums takes them: one raised an exception, or a label of -1 counted as the last."""
    place = scored(root, shards=1)
    [whole] = listed(place)
    assert len(table_of(place, whole, 3, Columns())) == len(table_of(place, whole, 3, None)) == ROWS
    table = table_of(place, whole, 3, Columns())
    sink = pa.BufferOutputStream()
    parquet.write_table(MISFITS[wrong](table), sink)
    place.write(whole.path, content := sink.getvalue().to_pybytes())
    with pytest.raises(InputError, match="must hold the scores that were written; found"):
        table_of(place, with_sums(whole, content), 3, Columns())
