"""The kept state of a pretraining, also when somebody damaged it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentiment.pretraining.kept import PLACE, Kept, Place


@pytest.mark.parametrize("place", [None, [], {"steps": "many"}, {"steps": 5, "judged": [1]}])
def test_a_state_without_a_place_is_discarded_and_what_is_no_state_is_left(
    tmp_path: Path, place: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it was, each ended with a stack trace."""
    from sentiment.tensorflow_setup import tf

    kept = Kept(tmp_path / "encoder", "these inputs")
    state = tf.train.Checkpoint(value=tf.Variable(2.0))
    kept.keep(state, Place(steps=5))
    (kept.folder / "state-of-somebody").mkdir()
    found = kept.find(state)
    assert found is not None and (found.steps, found.resumed) == (5, True)
    (kept.folder / "state-5" / PLACE).write_text(json.dumps({"made_of": "these inputs", "place": place}))
    assert kept.find(state) is None
    assert "state-5 cannot be read" in capsys.readouterr().err
    assert [path.name for path in kept.folder.iterdir()] == ["state-of-somebody"]
