"""The older tool's mixing command: its names and defaults, and that no old row is ever lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentiment import cli, create_load_dataset
from sentiment.data.mix import Mixing, mix
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post, write_posts
from sentiment.labels import Labels

OLD = [Post(f"這是一篇夠長的舊文章,它是第{index}篇,足足有二十個字以上", index % 3) for index in range(60)]
NEW = [Post("新的一篇", 1), Post("又一篇新的", 2)]


def run(*options: str) -> int:
    return cli.run(list(options), create_load_dataset.command, create_load_dataset.NAME)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default data folder, with an old and a new data set."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    folder = tmp_path / "datasets" / "old_sentiment"
    write_posts(folder / "train.tsv", OLD)
    write_posts(folder / "new_train.tsv", NEW)
    return folder


def test_the_defaults_are_those_of_the_older_tool() -> None:
    defaults = {option.name: option.default for option in create_load_dataset.command.params}
    assert {name: defaults[name] for name in defaults if name not in ("data_dir", "result_file", "wants_json")} == {
        "old_dataset_name": "train.tsv",
        "new_dataset_name": "new_train.tsv",
        "output_dataset_name": "train.tsv",
        "mix_number": 0,
        "minimum_content_length": 20,
        "maximum_digits": 3,
    }


def test_without_options_the_mix_takes_the_old_name_and_the_old_rows_are_kept(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (data / "train.tsv").read_bytes()
    assert run() == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out.splitlines()[-1])
    assert (result["wanted"], result["added"], result["result"]) == ([1000] * 3, [20] * 3, [20, 21, 21])
    assert read_posts(data / "train.tsv", Labels()) == mix(OLD, NEW, 3, Mixing())[0]
    assert (data / "train.tsv.bak-1").read_bytes() == before
    assert result["kept"] == str(data / "train.tsv.bak-1")
    assert "train.tsv.bak-1" in printed.err


def test_every_file_that_is_replaced_gets_the_next_number_and_the_same_again_none(data: Path) -> None:
    (data / "mixed.tsv").write_bytes(b"\xff not even a data set")
    (data / "mixed.tsv.bak-1").write_text("an earlier one")
    assert run("--output_dataset_name", "mixed.tsv", "--mix_number=5") == 0
    assert run("--output-dataset-name", "mixed.tsv", "--mix-number", "5") == 0
    assert (data / "mixed.tsv.bak-1").read_text() == "an earlier one"
    assert (data / "mixed.tsv.bak-2").read_bytes() == b"\xff not even a data set"
    assert sorted(path.name for path in data.glob("mixed*")) == ["mixed.tsv", "mixed.tsv.bak-1", "mixed.tsv.bak-2"]
    assert read_posts(data / "train.tsv", Labels()) == OLD


def test_a_second_mix_over_the_first_loses_no_row(data: Path) -> None:
    assert run("--mix_number=3") == 0
    assert run("--mix_number=2") == 0
    assert read_posts(data / "train.tsv.bak-1", Labels()) == OLD
    assert len(read_posts(data / "train.tsv.bak-2", Labels())) == len(NEW) + 9
    assert len(read_posts(data / "train.tsv", Labels())) == len(NEW) + 6


def test_what_a_link_leads_to_is_kept(data: Path) -> None:
    (data / "train.tsv").rename(data / "real.tsv")
    (data / "train.tsv").symlink_to("real.tsv")
    assert run() == 0
    assert read_posts(data / "real.tsv.bak-1", Labels()) == OLD
    assert (data / "train.tsv").is_symlink()


def test_another_folder_and_other_names(data: Path, tmp_path: Path) -> None:
    data.rename(tmp_path / "elsewhere")
    options = ["--new_dataset_name=new_train.tsv", "--output_dataset_name=out.tsv", "--minimum_content_length=100"]
    assert run("--data_dir", str(tmp_path / "elsewhere"), *options) == 0
    assert sorted(read_posts(tmp_path / "elsewhere" / "out.tsv", Labels()), key=lambda post: post.label) == NEW


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--old_dataset_name=no.tsv"], "no.tsv"),
        (["--new_dataset_name=no.tsv"], "no.tsv"),
        (["--mix_number=-1"], "at least 0"),
        (["--mix_number=many"], "not a valid integer"),
        (["--maximum_digits=0"], "at least 1"),
        (["--output_dataset_name=."], "the output must be a file"),
        (["--colour=red"], "No such option"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    data: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert run(*options) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("create_load_dataset: ")
    assert message in errors[0]
    assert sorted(path.name for path in data.iterdir()) == ["new_train.tsv", "train.tsv"]
    assert read_posts(data / "train.tsv", Labels()) == OLD


def test_the_help_is_in_chinese_and_says_what_becomes_of_the_old_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    printed = "".join(capsys.readouterr().out.split())
    assert "舊資料集名稱" in printed
    assert "原檔會先保留為<名稱>.bak-<n>" in printed


def test_what_a_refreshed_test_set_has_or_had_is_not_mixed_in(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_posts(data / "test.tsv", [OLD[0], NEW[0]])
    assert run("--mix_number=20", "--output_dataset_name", "before.tsv") == 0
    assert {OLD[0], NEW[0]} <= set(read_posts(data / "before.tsv", Labels())), "the older tool's test set is its user's"
    write_posts(data / "retired" / "test-1-2026-01-01.tsv", [OLD[1], OLD[2]])
    assert run("--mix_number=20", "--output_dataset_name", "after.tsv") == 0
    assert not {OLD[0], OLD[1], OLD[2], NEW[0]} & set(read_posts(data / "after.tsv", Labels()))
    said = capsys.readouterr().err
    assert "left out of train.tsv: 3 rows of the test set, or of an earlier one" in said
    assert "left out of new_train.tsv: 1 row of" in said
