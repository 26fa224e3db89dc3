"""A source is known by what it delivers: its own labels it may change, another's only a person may."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.results import in_json

from sentiment.cli import run as run_verb
from sentiment.data import ingest as ingesting
from sentiment.data import prepare as preparing
from sentiment.data.claims import APART, BASE, CONTESTED, DECIDED, PLAIN, hear
from sentiment.data.disagreements import Claim, Disagreement, disagreements, each_says, told
from sentiment.data.identity import identity
from sentiment.data.ledger import opened
from sentiment.data.ledger_batch import Accepted, Counts
from sentiment.data.mix import Mixing
from sentiment.data.posts import each_post, read_posts
from sentiment.data.tsv import Post
from sentiment.labels import Labels
from sentiment.results.deliveries import Check
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings

ingest = in_json(ingesting.ingest)
prepare = in_json(preparing.prepare)
Deliver = Callable[[str, Any], Path]
Sides = Callable[..., list[str]]
Said = list[tuple[str, str, int]]  # text, source, label


def deliver_of(deliver: Deliver, settings: Settings, name: str, *rows: tuple[str, int, str]) -> dict[str, Any]:
    """Delivers rows of text, label and source; returns the delivery."""
    lines = "".join(f"{text}\t{label}\t{source}\n" for text, label, source in rows)
    deliver(name, f"text\tlabel\tsource\n{lines}")
    [delivery] = ingest(settings.source_folder, settings)["deliveries"]
    return dict(delivery)


def post_of(settings: Settings, text: str) -> Accepted:
    with opened(settings.posts_database) as ledger:
        return next(item for item in ledger.posts() if item.identity == identity(text))


def files_of(settings: Settings, name: str = "night") -> dict[str, dict[str, int]]:
    """Returns the texts and labels of a run's training rows, rolling and frozen test sets."""
    run = RunFolder.named(settings, name)
    prepare(run, settings, "full", Mixing())
    paths = {"train": run.train, "rolling": run.rolling, "frozen": run.frozen}
    return {
        name: {post.text: post.label for post in each_post(path, settings.label_set)} for name, path in paths.items()
    }


def test_a_source_may_change_its_own_label(settings: Settings, deliver: Deliver) -> None:
    deliver_of(deliver, settings, "1.tsv", ("好吃", 0, "甲"))
    told = deliver_of(deliver, settings, "2.tsv", ("好吃", 1, "甲"))
    assert (told["relabelled"], told["disagreed"]) == (1, 0)
    item = post_of(settings, "好吃")
    assert (item.post.label, item.standing, item.delivery) == (1, PLAIN, 2)


@pytest.mark.parametrize("rolling", [False, True])
def test_what_another_source_labels_otherwise_is_nowhere_until_they_agree(
    settings: Settings, deliver: Deliver, sides: Sides, rolling: bool
) -> None:
    text = sides(rolling, 1)[0]
    side = "rolling" if rolling else "train"
    deliver_of(deliver, settings, "1.tsv", (text, 0, "甲"))
    assert files_of(settings)[side][text] == 0
    told = deliver_of(deliver, settings, "2.tsv", (text, 1, "乙"))
    assert (told["relabelled"], told["disagreed"]) == (0, 1)
    assert not any(text in posts for posts in files_of(settings).values())
    [found] = disagreements(settings)
    assert [(claim.source, claim.label, claim.delivery) for claim in found.claims] == [("甲", 0, 1), ("乙", 1, 2)]
    told = deliver_of(deliver, settings, "3.tsv", (text, 1, "甲"))
    assert (told["relabelled"], told["disagreed"]) == (1, 0)
    assert disagreements(settings) == []
    assert files_of(settings)[side][text] == 1


def test_a_person_decides_and_it_stays(
    settings: Settings, deliver: Deliver, sides: Sides, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = sides(False, 2)
    deliver_of(deliver, settings, "1.tsv", (first, 0, "甲"), (second, 0, "甲"))
    deliver_of(deliver, settings, "2.tsv", (first, 1, "乙"), (second, 1, "乙"))
    table = tmp_path / "open.tsv"
    assert run_verb(["disagreements", "--output", str(table)]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out.splitlines()[-1])["texts"] == 2
    assert "「甲」: 正面; 「乙」: 負面" in printed.err
    rows = list(csv.reader(table.read_text("utf-8-sig").splitlines(), delimiter="\t"))
    assert rows[0] == ["text", "label", "sources", "escaped_cells"] and {row[0] for row in rows[1:]} == {first, second}
    table.write_text("\n".join("\t".join([*row[:1], "中立" if row[0] == first else row[1], row[2]]) for row in rows))
    rows[0] = ["text", "label", "sources"]
    lines = [rows[0], *([text, "中立" if text == first else "", said] for text, _, said, _ in rows[1:])]
    table.write_text("".join("\t".join(line) + "\n" for line in lines), "utf-8")
    assert run_verb(["disagreements", "--decide", str(table), "--who", "王小姐"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["texts"], result["decided"]["decided"], result["decided"]["who"]) == (1, 1, "王小姐")
    item = post_of(settings, first)
    assert (item.post.label, item.standing, item.delivery) == (2, DECIDED, 3)
    with opened(settings.posts_database) as ledger:
        assert ledger.deliveries()[-1].key == "open.tsv (decided by 王小姐)"
        with ledger.reading() as connection:
            [kept] = connection.execute("SELECT delivery, label, who FROM decisions").fetchall()
        assert kept == (3, 2, "王小姐")
    told = deliver_of(deliver, settings, "4.tsv", (first, 1, "乙"), (first, 0, "丙"), (first, 2, "甲"))
    assert (told["duplicate"], told["disagreed"], told["relabelled"]) == (2, 1, 0)
    assert files_of(settings)["train"][first] == 2


@pytest.mark.parametrize(
    "name",
    [
        "blog: 負面; news: 負面; base data",
        "blog」: 負面; 「news」: 負面; 「base data",
        "blog｣： 負面； ｢news",
        "base data",
        "no source",
        "<U+003A>",
        "\u202eblog\u2028news",
    ],
)
def test_no_name_of_a_row_poses_as_more_or_as_the_base_data(name: str) -> None:
    claims = (Claim(BASE, 0, 0), Claim("PTT-Food (2026)", 0, 1), Claim(name, 1, 2), Claim("", 2, 3))
    shown = each_says(Disagreement("好吃", claims), Labels())
    base, food, other, nobody = shown.split("; ")
    assert (base, food, nobody) == ("base data: 正面", "「PTT-Food (2026)」: 正面", "no source: 中立")
    assert other.startswith("「") and other.endswith("」: 負面") and not set(other[1:-5]) & set("「」｢｣:：;；\u202e")


def test_names_that_differ_are_shown_differently() -> None:
    names = ("a:b", "a<U+003A>b", "a：b", "a b")
    shown = [each_says(Disagreement("好吃", (Claim(name, 0, 1),)), Labels()) for name in names]
    assert len(set(shown)) == len(names)


def test_the_base_data_is_a_source_too(settings: Settings, deliver: Deliver, tmp_path: Path) -> None:
    trained = read_posts(settings.base_data / "train.tsv", settings.label_set)[0]
    tested = read_posts(settings.base_data / "latest_test.tsv", settings.label_set)[1]
    deliver_of(deliver, settings, "1.tsv", (trained.text, 1, "甲"), (tested.text, 2, "甲"), ("新的", 1, "甲"))
    found = files_of(settings)
    assert not any(post.text in posts for posts in found.values() for post in (trained, tested))
    assert {item.claims[0].source for item in disagreements(settings)} == {"base data"}
    decided = tmp_path / "decided.tsv"
    decided.write_text(f"text\tlabel\n{trained.text}\t1\n{tested.text}\t{tested.label}\n", "utf-8")
    assert run_verb(["disagreements", "--decide", str(decided)]) == 0
    found = files_of(settings)
    assert (found["train"][trained.text], found["rolling"][tested.text]) == (1, tested.label)
    assert disagreements(settings) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text\tlabel\n沒有的文章\t1\n", "must be about a text of the ledger; found 1 others"),
        ("text\tlabel\n好吃\t\n", "a label that is filled in; found none"),
        ("text\tlabel\n好吃\t九\n", "found '九' in row 2"),
        ("text\tlabel\n好吃\t0\n好 吃\t1\n", "one label for a text; found another one in row 3"),
        ("", "one column text and one column label"),
        ("text\tlabel\tLabel\n好吃\t0\t1\n", "one column text and one column label; found 'text, label, label'"),
        ("text\tlabel\n好吃\t0\t1\n", "must be like its header; found in line 2 3 columns instead of 2"),
        (None, "No such file: "),
    ],
)
def test_a_decision_that_cannot_be_meant_is_refused(
    settings: Settings, deliver: Deliver, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    content: str | None, message: str,
) -> None:  # fmt: skip
    deliver_of(deliver, settings, "1.tsv", ("好吃", 0, "甲"))
    path = tmp_path / "decided.tsv"
    if content is not None:
        path.write_text(content, "utf-8")
    assert run_verb(["disagreements", "--decide", str(path)]) == 2
    assert message in capsys.readouterr().err
    with opened(settings.posts_database) as ledger:
        assert ledger.watermark() == 1


def test_a_text_that_looks_like_a_formula_is_decided_as_it_is(
    settings: Settings, deliver: Deliver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "=好吃\u202e的一家店\\x3d"
    deliver_of(deliver, settings, "1.tsv", (text, 0, "=甲"))
    deliver_of(deliver, settings, "2.tsv", (text, 1, "乙"))
    table = tmp_path / "open.tsv"
    assert run_verb(["disagreements", "--output", str(table)]) == 0
    header, row = table.read_text("utf-8-sig").splitlines()
    cells = row.split("\t")
    assert not [cell for cell in cells if cell.startswith("=") or "\u202e" in cell]
    table.write_text(f"{header}\n" + "\t".join([cells[0], "中立", *cells[2:]]) + "\n", "utf-8")
    assert run_verb(["disagreements", "--decide", str(table)]) == 0
    item = post_of(settings, text)
    assert (item.post.label, item.standing) == (2, DECIDED)


@pytest.mark.parametrize(("codec", "delimiter"), [("utf-16", "\t"), ("utf-8-sig", ","), ("gb18030", "\t")])
def test_a_decision_may_be_saved_by_a_spreadsheet(
    settings: Settings, deliver: Deliver, tmp_path: Path, codec: str, delimiter: str
) -> None:
    text = "這家餐廳的服務真的非常好下次還會再來"
    deliver_of(deliver, settings, "1.tsv", (text, 0, "甲"))
    path = tmp_path / "decided.tsv"
    path.write_bytes(delimiter.join(("Text", "Label\r\n" + text, "1.0\r\n")).encode(codec))
    assert run_verb(["disagreements", "--decide", str(path)]) == 0
    with opened(settings.posts_database) as ledger:
        assert [item.post.label for item in ledger.posts()] == [1]


def test_a_source_that_relabels_anothers_test_rows_takes_none_of_them_over(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    tested = sides(True, 300)
    deliver_of(deliver, settings, "1.tsv", *((text, number % 3, "甲") for number, text in enumerate(tested)))
    told = deliver_of(deliver, settings, "2.tsv", *((text, (n + 1) % 3, "乙") for n, text in enumerate(tested[:200])))
    assert told["disagreed"] == 200
    rolling = files_of(settings)["rolling"]
    assert all(rolling[text] == number % 3 for number, text in enumerate(tested[200:], 200))
    assert not set(tested[:200]) & rolling.keys()
    assert run_verb(["prepare", "--run", "night"]) == run_verb(["check", "--run", "night"]) == 0
    checks = {check.name: check for check in RunFolder.named(settings, "night").read(Check).checks}
    assert checks["disagreements"].level == "failed" and checks["disagreements"].value == pytest.approx(0.4)


def test_a_source_cannot_own_the_rolling_set(settings: Settings, deliver: Deliver, sides: Sides) -> None:
    """It knows the rule, not the salt: 25,000 variants, of which it picks those that another salt would send there."""
    honest = [(text, number % 3, "甲") for number, text in enumerate(sides(True, 400))]
    deliver_of(deliver, settings, "1.tsv", *honest)
    variants = [f"這家店真的很好吃{number}" for number in range(25_000)]
    deliver_of(deliver, settings, "2.tsv", *((text, number % 3, "乙") for number, text in enumerate(variants)))
    with opened(settings.posts_database) as ledger:
        share = sum(item.rolling for item in ledger.posts() if item.post.source == "乙") / len(variants)
    assert 0.18 < share < 0.22, "what every source gets, whatever it tries"
    rolling = files_of(settings)["rolling"]
    base = len(read_posts(settings.base_data / "latest_test.tsv", settings.label_set))
    assert sum(text in rolling for text in variants) == len(honest) + base == len(rolling) / 2


SOURCES, TEXTS = st.sampled_from("甲乙丙"), st.sampled_from("一二三")


@given(st.lists(st.lists(st.tuples(TEXTS, SOURCES, st.integers(0, 2)), min_size=1, max_size=8), max_size=5))
def test_the_ledger_hears_what_a_list_of_claims_says(deliveries: list[Said]) -> None:
    """The ledger, batch by batch, against the rule in plain Python, row by row."""
    import sqlite3

    from sentiment.data.ledger import Ledger
    from sentiment.data.ledger_schema import set_up

    connection = sqlite3.connect(":memory:", isolation_level=None)
    set_up(Path("a ledger in memory"), connection)
    ledger = Ledger(connection)
    newest: dict[str, dict[str, int]] = {}
    for number, rows in enumerate(deliveries, 1):
        counts = ledger.put([Accepted(identity(t), Post(t, said, source=s), number, False) for t, s, said in rows])
        expected = Counts()
        for text, source, said in rows:
            claims = newest.setdefault(text, {})
            differs = any(label != said for name, label in claims.items() if name != source)
            repeats = claims.get(source) == said
            if not claims:
                expected.accepted += 1
            elif repeats or (source not in claims and not differs):
                expected.duplicate += 1
            elif differs:
                expected.disagreed += 1
            else:
                expected.relabelled += 1
            claims[source] = said
        assert counts == expected
        held = {item.post.text: item for item in ledger.posts()}
        for text, claims in newest.items():
            agreed = set(claims.values())
            assert held[text].standing == (PLAIN if len(agreed) == 1 else CONTESTED)
            assert len(agreed) > 1 or held[text].post.label in agreed
    connection.close()


def test_a_text_that_was_on_both_sides_stays_apart_and_takes_the_newest_label() -> None:
    assert hear(APART, 0, {"甲": 0}, "乙", 1).standing == APART
    assert hear(APART, 0, {"甲": 0}, "乙", 1).takes_label
    assert hear(APART, 0, {"甲": 0}, "乙", 0).outcome == "duplicate"


def test_a_text_that_is_cut_says_so() -> None:
    found = [Disagreement(text, (Claim(BASE, 0, 0), Claim("甲", 1, 1))) for text in ("好" * 60, "好" * 60 + "才怪")]
    _, whole, cut = told(found, Labels())
    assert whole.startswith(f"  {'好' * 60}   ")
    assert cut.startswith(f"  {'好' * 60}…   ")
