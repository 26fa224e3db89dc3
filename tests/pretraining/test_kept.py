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


@pytest.mark.parametrize("file", ["state.index", "state.data-00000-of-00001"])
@pytest.mark.parametrize("begin", [0.0, 0.5, 0.9], ids=["all", "half", "end"])
@pytest.mark.parametrize("zeros", [True, False], ids=["zeros", "cut"])
def test_nothing_of_a_damaged_state_is_read(
    tmp_path: Path, file: str, begin: float, zeros: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it was, a cut one ended each further try with a stack trace."""
    from sentiment.tensorflow_setup import tf

    kept = Kept(tmp_path / "encoder", "these inputs")
    values = [tf.Variable(tf.fill([100], 2.0)) for _ in range(4)]
    state = tf.train.Checkpoint(values=values)
    kept.keep(state, Place(steps=5))
    for value in values:
        value.assign(tf.fill([100], 7.0))
    damaged = kept.folder / "state-5" / file
    written = damaged.read_bytes()
    whole = int(len(written) * begin)
    damaged.write_bytes(written[:whole] + bytes(len(written) - whole if zeros else 0))
    assert kept.find(state) is None
    told = capsys.readouterr().err
    assert "state-5 cannot be read (" in told and told.count("\n") == 1
    assert [float(value[0]) for value in values] == [7.0] * 4


@pytest.mark.parametrize(("was", "now"), [('"part": 7', '"part": 5'), ("4.55", "0.55"), ('"sha256"', '"sha257"')])
def test_a_place_with_another_digit_is_discarded(
    tmp_path: Path, was: str, now: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it was, another part led to another encoder, and another loss to another verdict, without a word."""
    from sentiment.tensorflow_setup import tf

    kept = Kept(tmp_path / "encoder", "these inputs")
    state = tf.train.Checkpoint(value=tf.Variable(2.0))
    kept.keep(state, Place(part=7, steps=5, judged=[{"loss": 4.55}]))
    place = kept.folder / "state-5" / PLACE
    text = place.read_text(encoding="utf-8")
    assert was in text
    place.write_text(text.replace(was, now), encoding="utf-8")
    assert kept.find(state) is None
    told = capsys.readouterr().err
    assert "state-5 cannot be read (it is not what was written, by its sha256); it is discarded\n" in told
    assert told.count("\n") == 1


def test_a_state_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    """It had no sum."""
    from sentiment.tensorflow_setup import tf

    kept = Kept(tmp_path / "encoder", "these inputs")
    state = tf.train.Checkpoint(value=tf.Variable(2.0))
    kept.keep(state, Place(part=7, steps=5))
    place = kept.folder / "state-5" / PLACE
    found = json.loads(place.read_text(encoding="utf-8"))
    assert found.pop("sha256")
    place.write_text(json.dumps(found), encoding="utf-8")
    assert kept.find(state) == Place(part=7, steps=5, resumed=True)
