"""The folder of a measurement's results, in which it makes and removes folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.errors import InputError
from sentiment.experiments.results import folder_for
from sentiment.settings import Settings


def test_what_a_measurement_would_remove_must_be_its_own(tmp_path: Path) -> None:
    """As it was, `work` in the folder of the results was removed without a look, whoever had made it."""
    (tmp_path / "work").mkdir()
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(InputError, match=r"something else at .*/work, which would be removed"):
        folder_for(settings, "size", tmp_path, ["work"])
    assert folder_for(settings, "gate", tmp_path) == tmp_path
    assert folder_for(settings, "train", tmp_path, ["model"]) == tmp_path


@pytest.mark.parametrize("left", [".lock", "results.json"])
def test_what_an_earlier_measurement_left_makes_room(tmp_path: Path, left: str) -> None:
    """Also one that was killed, which leaves its lock alone."""
    (tmp_path / "work").mkdir()
    (tmp_path / left).touch()
    assert folder_for(Settings(home=tmp_path / "home"), "size", tmp_path, ["work"]) == tmp_path
