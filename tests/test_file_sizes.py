"""Files of a model that state any size are refused before anybody reads them to their end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sentiment import digests, file_sizes
from sentiment.distillation.soft_labels import digest_of_model
from sentiment.errors import InputError
from sentiment.model import checkpoint, pinned
from sentiment.pretraining import start
from sentiment.serving.publish import Candidate

HUGE = 150 << 30
REFUSAL = f"must be whole, and take at most 8 GiB together; found {HUGE:,} bytes up to .* \\(a sparse file\\)"


@pytest.fixture(autouse=True)
def nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was, all of the bytes were, for minutes, without a word."""

    def refuse(*_: object) -> str:
        raise AssertionError("it was read")

    monkeypatch.setattr(digests, "sha256_of_content", refuse)


def huge(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(HUGE)


def of_checkpoint(folder: Path) -> None:
    huge(folder / "pytorch_model.bin")
    pinned.of_checkpoint(checkpoint.locate(str(folder)))


def of_pretraining(folder: Path) -> None:
    huge(folder / "model.safetensors")
    start.start_of(str(folder), None, (), 100)


def of_teacher(folder: Path) -> None:
    huge(folder / "weights.h5")
    digest_of_model(folder)


def of_export(folder: Path) -> None:
    huge(folder / "export" / "variables" / "variables.data-00000-of-00001")
    (folder / "export" / "saved_model.pb").touch()
    Candidate(folder / "export", folder, "", {}).check()


def of_published_model(folder: Path) -> None:
    (folder / "export" / "variables").mkdir(parents=True)
    (folder / "export" / "saved_model.pb").touch()
    huge(folder / "model" / "weights.h5")
    (folder / "model" / "model.json").touch()
    Candidate(folder / "export", folder / "model", "", {}).check()


@pytest.mark.parametrize("use", [of_checkpoint, of_pretraining, of_teacher, of_export, of_published_model])
def test_weights_with_a_hole_are_one_line(
    tmp_path: Path, use: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentiment.model import folder

    monkeypatch.setattr(folder, "read_card", lambda _: None)
    for name in ("config.json", "model.json", "vocab.txt"):
        (tmp_path / name).write_text(json.dumps({"model_type": "bert"}), encoding="utf-8")
    with pytest.raises(InputError, match=REFUSAL):
        use(tmp_path)


def test_all_files_count_together_and_a_small_one_with_a_hole_is_refused_where_weights_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_sizes, "LARGEST", 25)
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_bytes(bytes(10))
    file_sizes.require_written(paths[:2])
    with pytest.raises(InputError, match=f"found 30 bytes up to {tmp_path / 'c'}"):
        file_sizes.require_bounded(paths)
    monkeypatch.undo()
    with paths[0].open("r+b") as file:
        file.truncate(1 << 20)
    file_sizes.require_bounded(paths)
    with pytest.raises(InputError, match=f"parts of {paths[0]} that were never written"):
        file_sizes.require_written(paths)


@pytest.mark.parametrize(
    "part",
    ["export/assets.extra/tf_serving_warmup_requests", "export/saved_model.pb", "export/more", "model/vocab.txt"],
)
def test_what_is_published_has_no_holes_but_in_its_weights(tmp_path: Path, part: str) -> None:
    """A warm-up file of 4 KB on the disk was copied as 2 GB."""
    for name in ("export/saved_model.pb", "export/variables/variables.index", "model/model.json", "model/weights.h5"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"whole")
    weights = tmp_path / "export" / "variables" / "variables.data-00000-of-00001"
    for path in (weights, tmp_path / "model" / "weights.h5"):
        with path.open("wb") as file:
            file.truncate(1 << 20)
    candidate = Candidate(tmp_path / "export", tmp_path / "model", "", {})
    candidate.check()
    (tmp_path / part).parent.mkdir(exist_ok=True)
    with (tmp_path / part).open("wb") as file:
        file.truncate(1 << 20)
    with pytest.raises(InputError, match=f"parts of {tmp_path / part} that were never written"):
        candidate.check()
