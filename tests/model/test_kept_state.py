"""The folder of what is unfinished is no link: whoever may write beside a model must not choose what is removed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.errors import InputError
from sentiment.model import kept_state
from sentiment.model.curves import Curves
from sentiment.pretraining.kept import Kept, Place
from sentiment.training.resume import Unfinished


def train(output: Path) -> Callable[[Any], None]:
    unfinished = Unfinished(output, {"rows": 3})
    return lambda state: unfinished.keep(state, Curves([0.5], [0.5]))


def pretrain(output: Path) -> Callable[[Any], None]:
    kept = Kept(output, "these inputs")
    return lambda state: kept.keep(state, Place(steps=5))


@pytest.fixture(scope="module")
def state() -> Any:
    from sentiment.tensorflow_setup import tf

    return tf.train.Checkpoint(value=tf.Variable(2.0))


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder of somebody's, with folders that are called as ours are, and one that is not."""
    folder = tmp_path / "theirs"
    for name in ("epoch-7", "state-7", "years-of-work"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.mark.parametrize("of", [train, pretrain])
def test_a_link_is_refused_in_one_line(tmp_path: Path, theirs: Path, of: Callable[[Path], Any]) -> None:
    """As it was, the folders that it led to were removed after the first epoch."""
    (tmp_path / ".model.unfinished").symlink_to(theirs)
    with pytest.raises(InputError, match=f"must not be a link; found .*a link to {re.escape(str(theirs))}. Remove"):
        of(tmp_path / "model")


@pytest.mark.parametrize("of", [train, pretrain])
def test_a_link_that_comes_later_is_not_followed(
    tmp_path: Path, theirs: Path, state: Any, capsys: pytest.CaptureFixture[str], of: Callable[[Path], Any]
) -> None:
    keep = of(tmp_path / "model")
    (tmp_path / ".model.unfinished").symlink_to(theirs)
    keep(state)
    assert sorted(path.name for path in theirs.iterdir()) == ["epoch-7", "state-7", "years-of-work"]
    told = capsys.readouterr().err
    assert "cannot be kept in" in told and "must not be a link" in told and told.count("\n") == 1


@pytest.mark.parametrize(("of", "made", "gone"), [(train, "epoch-1", "epoch-7"), (pretrain, "state-5", "state-7")])
def test_only_what_was_kept_before_makes_room(
    tmp_path: Path, theirs: Path, state: Any, of: Callable[[Path], Any], made: str, gone: str
) -> None:
    theirs.rename(tmp_path / ".model.unfinished")
    of(tmp_path / "model")(state)
    found = {path.name for path in (tmp_path / ".model.unfinished").iterdir()}
    assert found == {"epoch-7", "state-7", "years-of-work", made} - {gone}


def test_nothing_is_removed_through_a_link(tmp_path: Path, theirs: Path) -> None:
    (tmp_path / "link").symlink_to(theirs)
    kept_state.remove(tmp_path / "link", ["epoch-7"])
    assert (theirs / "epoch-7").is_dir()
    kept_state.remove(theirs, ["epoch-7", "none"])
    assert not (theirs / "epoch-7").exists()
