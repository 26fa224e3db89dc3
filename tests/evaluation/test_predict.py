from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path

import pytest

from sentiment import cli
from sentiment.data.stream import read_stream
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.evaluation.predict import read_texts


class Stdin:
    """A stand-in for `sys.stdin`: the verb reads its bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_lines_become_json_lines(
    toy_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin("很好\n\n很爛\r\n".encode() + b"\xff\xfe\n"))
    assert cli.run(["predict", "--model", str(toy_model), "--result", str(tmp_path / "r.json")]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["text"] for answer in answers] == ["很好", "", "很爛", "\ufffd\ufffd"]
    assert [answers[0]["label"], answers[2]["label"]] == ["正面", "負面"]
    assert all(set(answer["probabilities"]) == {"正面", "負面", "中立"} for answer in answers)
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["rows"] == 4


def test_a_file_becomes_a_file_and_the_result_is_on_stdout(
    toy_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, output = tmp_path / "in.tsv", tmp_path / "out.tsv"
    data.write_text('title\ttext\n店\t好吃\n\t"很爛, 真的"\n\t=1+1\u202e\\x3d\n', encoding="utf-8")
    arguments = ["--model", str(toy_model), "--data", str(data), "--output", str(output), "--format", "tsv"]
    assert cli.run(["predict", *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 3
    rows = list(csv.reader(output.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    assert rows[0] == ["text", "label", "label_id", "正面", "負面", "中立", "escaped_cells"]
    assert [(row[0], row[-1]) for row in rows[1:3]] == [("好吃", ""), ("很爛, 真的", "")]
    assert (rows[3][0], rows[3][-1]) == ("\\x3d1+1\\u202e\\x5cx3d", "yes")
    assert [post.text for post in read_texts(output)] == ["好吃", "很爛, 真的", "=1+1\u202e\\x3d"]


@pytest.mark.parametrize(("asked", "is_json"), [([], False), (["--json"], True)])
def test_a_person_reads_lines_unless_json_is_asked_for(
    toy_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    asked: list[str],
    is_json: bool,
) -> None:
    monkeypatch.setattr("sentiment.evaluation.predict.on_terminal", lambda: True)
    monkeypatch.setattr(sys, "stdin", Stdin("很好\x1b[2J".encode()))
    assert cli.run(["predict", "--model", str(toy_model), *asked]) == 0
    printed = capsys.readouterr()
    shape = r"正面  正面 0\.\d{3}, 負面 0\.\d{3}, 中立 0\.\d{3}  很好\\x1b\[2J\n"
    assert (json.loads(printed.out)["label"] == "正面") if is_json else re.fullmatch(shape, printed.out)
    assert printed.err.endswith("predict: 1 post\n")


def test_no_lines_give_no_answers(
    toy_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(b""))
    assert cli.run(["predict", "--model", str(toy_model)]) == 0
    assert capsys.readouterr().out == ""


def test_a_failure_leaves_no_half_file(toy_model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_text("text\tlabel\n好\t0\n一行太多\t0\t1\n", encoding="utf-8")
    arguments = ["--model", str(toy_model), "--data", str(tmp_path / "in.tsv"), "--output", str(tmp_path / "out")]
    assert cli.run(["predict", *arguments]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["in.tsv"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("內容\n好\n", "must have one column text"),
        ("a\ttext\n好\n", "in line 2 1 columns instead of 2"),
    ],
)
def test_a_file_without_texts_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "in.tsv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        list(read_texts(tmp_path / "in.tsv"))


def test_a_quoted_post_of_many_lines_is_one_post(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text('text,title\n"第一行\n第二行, ""好""",店\n單行\n', encoding="utf-8")
    found = list(read_texts(tmp_path / "in.csv"))
    assert found == [Post('第一行\n第二行, "好"', 0, "店"), Post("單行", 0)]
    (tmp_path / "big5.csv").write_bytes("text\n這家店的服務很好\n等了很久還送錯\n".encode("big5"))
    assert [post.text for post in read_texts(tmp_path / "big5.csv")] == ["這家店的服務很好", "等了很久還送錯"]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "big5", "gb18030", "utf-8-sig"])
def test_a_stream_is_read_in_its_encoding(codec: str) -> None:
    stream = io.BytesIO("這家店的服務很好\r\n等了很久還送錯\n".encode(codec))
    assert [post.text for post in read_stream(stream)] == ["這家店的服務很好", "等了很久還送錯"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("서비스가 별로예요\n".encode("euc_kr"), "could be EUC-KR"),
        (b"good\n" * 3_000 + "服務非常好\n".encode("big5"), "in line 3001 what looks like Big5"),
    ],
)
def test_a_stream_in_no_certain_encoding_is_bad_input(
    toy_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    found: str,
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(content))
    assert cli.run(["predict", "--model", str(toy_model)]) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert found in told and "iconv" in told


def test_a_stream_is_read_as_utf8_whatever_the_locale() -> None:
    assert list(read_stream(io.BytesIO("好\r\n".encode()))) == [Post("好", 0)]


def test_a_nul_hides_nothing_of_a_post(
    toy_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    texts = ["很好難吃又很爛", "很好\0難吃又很爛", "\0很好\x01難吃\x85又很爛\0", "很好"]
    monkeypatch.setattr(sys, "stdin", Stdin("\n".join(texts).encode()))
    assert cli.run(["predict", "--model", str(toy_model)]) == 0
    whole, *others, cut = (json.loads(line) for line in capsys.readouterr().out.strip().split("\n"))
    assert [answer["probabilities"] for answer in others] == [whole["probabilities"]] * 2
    assert cut["probabilities"] != whole["probabilities"]
    (tmp_path / "in.tsv").write_text("text\n" + "\n".join(texts) + "\n", encoding="utf-8")
    assert cli.run(["predict", "--model", str(toy_model), "--data", str(tmp_path / "in.tsv")]) == 0
    from_file = [json.loads(line)["probabilities"] for line in capsys.readouterr().out.strip().split("\n")]
    assert from_file == [*[whole["probabilities"]] * 3, cut["probabilities"]]
