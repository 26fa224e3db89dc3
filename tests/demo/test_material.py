from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post, write_posts
from sentiment.demo.material import SAMPLE, Material
from sentiment.demo.scoring import archive_settings, lay_out_archive
from sentiment.errors import InputError
from sentiment.settings import Settings, read_settings


def make_folder(folder: Path, arrivals: int) -> Path:
    posts = [Post("好吃", 0), Post("難吃", 1), Post("請問幾點", 2)]
    for name in ("train.tsv", "test.tsv", "latest_test.tsv"):
        write_posts(folder / name, posts)
    for day in range(arrivals):
        write_posts(folder / "arrivals" / f"2026-11-0{day + 1}.tsv", posts)
    return folder


def test_the_sample_is_a_demo_folder() -> None:
    material = Material.of(SAMPLE, Settings())
    assert [path.name for path in material.good] == ["night-1.tsv"]
    assert material.comes_poisoned
    assert "SENTIMENT_GATE_MARGIN" in material.thresholds


def test_the_last_arrival_of_another_folder_gets_wrong_labels(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    material = Material.of(make_folder(tmp_path / "data", arrivals=3), settings)
    material.lay_out(settings)
    assert material.deliver_good(settings) == ["2026-11-01.tsv", "2026-11-02.tsv"]
    name = material.deliver_bad(settings)
    delivered = read_posts(Path(settings.source_folder) / name, settings.label_set)
    assert [post.label for post in delivered] == [1, 2, 0]


def test_a_folder_without_arrivals_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least two arrivals"):
        Material.of(make_folder(tmp_path, arrivals=1), Settings())


def test_a_folder_without_a_base_file_is_refused(tmp_path: Path) -> None:
    make_folder(tmp_path, arrivals=2)
    (tmp_path / "test.tsv").unlink()
    with pytest.raises(InputError, match=r"no .*test\.tsv"):
        Material.of(tmp_path, Settings())


def test_the_archive_has_every_post_of_the_base_data_and_the_good_night_once(tmp_path: Path) -> None:
    settings = read_settings({"SENTIMENT_HOME": str(tmp_path / "home"), **archive_settings(tmp_path)})
    material = Material.of(make_folder(tmp_path / "data", arrivals=2), settings)
    assert lay_out_archive(material, settings) == 12
    lines = (tmp_path / "archive" / "posts.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["text"] for row in rows] == ["好吃", "難吃", "請問幾點"] * 4
    assert [row["source"] for row in rows[::3]] == ["train", "test", "latest_test", "2026-11-01"]
    times = [row["time"] for row in rows]
    assert times == sorted(times) and (times[0][:7], times[-1][:7]) == ("2025-12", "2026-11")
