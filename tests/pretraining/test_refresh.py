"""The home's own encoder: which one counts, which go on from which, which stay, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from support.results import whole

from sentiment import own_encoder
from sentiment.errors import InputError
from sentiment.model import checkpoint, encoder
from sentiment.options import pretraining as options_of
from sentiment.pretraining import encoders_kept, fit
from sentiment.pretraining.corpus_folder import files_in
from sentiment.pretraining.refresh import NOT_SET, Start, before_and_after, chosen, command
from sentiment.results.deliveries import Prepare
from sentiment.results.encoders import CurrentEncoder
from sentiment.results.pretraining import Judged, Pretraining
from sentiment.results.record import as_json
from sentiment.results.training import Training
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings

POSTS = [
    f"第{number}家的{'牛肉麵' if number % 2 else '滷肉飯'}真的{'好吃' if number % 3 else '太貴'}"
    for number in range(400)
]
SMALL = ["--pieces", "300", "--length", "16", "--part-tokens", "512", "--parts", "1", "--passes", "1"]
RUINOUS = ["--passes", "0.03", "--learning-rate", "0.1", "--warm-up-share", "0"]  # one step, far too long


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with a corpus in it, and a smaller encoder."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENTIMENT_PRETRAIN_CORPUS", "datasets/corpus")
    monkeypatch.setitem(encoder.SCRATCH, options_of.FIRST_START, (1, 16, 2))
    corpus = tmp_path / "home" / "datasets" / "corpus"
    corpus.mkdir(parents=True)
    (corpus / "posts.txt").write_text("\n".join(POSTS[:300]), encoding="utf-8")
    return read_settings()


def refresh(*more: str) -> Result:
    return CliRunner().invoke(command, [*SMALL, *more])


def result_of(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def made(settings: Settings, number: int, config: str = "{}") -> str:
    """Makes a folder that counts as an encoder; returns its digest."""
    folder = own_encoder.folder_of(settings, number)
    folder.mkdir(parents=True)
    for name in (checkpoint.CONFIG, checkpoint.VOCABULARY, *checkpoint.WEIGHTS[:1]):
        (folder / name).write_text(config if name == checkpoint.CONFIG else str(number), encoding="utf-8")
    return encoders_kept.digest_of(settings, number)


@pytest.mark.slow
def test_each_encoder_goes_on_from_the_current_one_and_must_not_be_worse(settings: Settings) -> None:
    first = result_of(refresh())
    assert (first["number"], first["current"], first["before"], first["perplexity_before"]) == (1, True, None, None)
    note = own_encoder.current(settings)
    assert note and (note.number, note.sha256) == (1, encoders_kept.digest_of(settings, 1))

    (settings.own_encoders.parent / "datasets" / "corpus" / "later.txt").write_text("\n".join(POSTS[300:]), "utf-8")
    second = result_of(refresh())
    assert (second["number"], second["current"], second["before"]) == (2, True, 1)
    assert second["perplexity"] <= second["perplexity_before"]
    assert second["sentence"].startswith("Encoder 2 is current now: perplexity ")
    vocabularies = [(settings.own_encoders / number / "vocab.txt").read_bytes() for number in ("1", "2")]
    assert vocabularies[0] == vocabularies[1], "the second goes on with the pieces of the first"

    ruined = result_of(refresh(*RUINOUS))
    assert (ruined["number"], ruined["current"]) == (3, False)
    assert ruined["perplexity"] > ruined["perplexity_before"]
    assert ruined["sentence"].startswith("Encoder 2 stays current: encoder 3 is worse, with perplexity ")
    kept = own_encoder.current(settings)
    assert kept and kept.number == 2

    again = refresh(*RUINOUS)
    assert result_of(again) == ruined and "was already made from these inputs" in again.stderr
    weights = settings.own_encoders / "2" / checkpoint.WEIGHTS[0]
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    broken = refresh()
    assert isinstance(broken.exception, InputError)
    assert f"the files of the encoder {settings.own_encoders / '2'} must have the sha256" in str(broken.exception)
    kept = own_encoder.current(settings)
    assert kept and kept.number == 2


def test_one_that_was_stopped_goes_on_where_it_was(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "SECONDS_BETWEEN_STATES", 0.0)
    steps = fit.Course._steps

    def stopped(self: Any, place: Any) -> Any:
        for step in steps(self, place):
            if place.steps == 4:
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr(fit.Course, "_steps", stopped)
    assert refresh().exit_code != 0
    assert own_encoder.current(settings) is None and not (settings.own_encoders / "1").exists()
    monkeypatch.setattr(fit.Course, "_steps", steps)
    assert result_of(refresh())["number"] == 1
    assert json.loads((settings.own_encoders / "1" / "pretraining.json").read_text(encoding="utf-8"))["resumed"]
    assert not list(settings.own_encoders.glob(".*.unfinished"))


def test_without_a_corpus_it_says_so_and_does_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_PRETRAIN_CORPUS", "")
    done = refresh()
    found = result_of(done)
    assert (found["not_set"], found["current"], done.stderr.strip()) == (True, False, NOT_SET)
    assert not settings.own_encoders.exists()


def test_the_corpus_is_its_text_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a/c.txt", ".half.txt", ".git/x.txt", "readme.md", "z.txt.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [str(path.relative_to(tmp_path)) for path in files_in(tmp_path)] == ["a/c.txt", "b.txt"]


@pytest.mark.parametrize(
    ("corpus", "told"),
    [
        ("datasets/none", "No such folder: {home}/datasets/none. SENTIMENT_PRETRAIN_CORPUS must name a folder"),
        (
            "datasets",
            "SENTIMENT_PRETRAIN_CORPUS must name a folder with files *.txt in it; found none in {home}/datasets",
        ),
    ],
)
def test_a_corpus_that_is_not_there_is_one_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, corpus: str, told: str
) -> None:
    (settings.home / "datasets" / "corpus" / "posts.txt").unlink()
    monkeypatch.setenv("SENTIMENT_PRETRAIN_CORPUS", corpus)
    done = refresh()
    assert isinstance(done.exception, InputError) and "\n" not in str(done.exception)
    assert str(done.exception).startswith(told.format(home=settings.home))


def test_an_option_that_must_not_be_so_is_named(settings: Settings) -> None:
    with pytest.raises(InputError, match="--passes must be between"):
        chosen(Start("x", None), 300, passes=0)
    with pytest.raises(InputError, match="--pieces must be between"):
        chosen(Start("x", None), 3)


def test_going_on_takes_fewer_passes_at_a_lower_rate_unless_somebody_says_otherwise() -> None:
    first, later = chosen(Start("scratch/mini", None), 300), chosen(Start("encoders/3", 3), 300)
    assert (first["passes"], first["learning_rate"]) == (10, 1e-3)
    assert (later["passes"], later["learning_rate"]) == (2, 5e-4)
    assert chosen(Start("encoders/3", 3), 300, passes=7.0, learning_rate=None)["passes"] == 7


def test_only_an_encoder_that_goes_on_is_compared() -> None:
    before, after = Judged(0, 0, 2.0, 7.4, 0.5), Judged(2, 9, 1.0, 2.7, 0.6)
    card = whole(Pretraining, judged=[as_json(before), as_json(after)])
    assert before_and_after(card, Start("encoders/1", 1)) == (before, after)
    assert before_and_after(card, Start("bert-base-chinese", None)) == (None, after)


@given(st.sets(st.integers(1, 40), min_size=1), st.data())
def test_the_newest_and_the_named_stay(numbers: set[int], data: st.DataObject) -> None:
    current = data.draw(st.sampled_from(sorted(numbers)))
    named = data.draw(st.sets(st.sampled_from(sorted(numbers))))
    digests = {number: f"sha of {number}" for number in numbers}
    going = encoders_kept.to_remove(digests, current, {digests[number] for number in named}, keep=3)
    staying = numbers - set(going)
    assert staying >= {current, *named, *(number for number in numbers if number > current)}
    assert len([number for number in staying - named if number <= current]) <= 3


def test_what_a_version_came_from_and_a_run_has_yet_to_start_from_stays(settings: Settings) -> None:
    digests = {number: made(settings, number) for number in range(1, 9)}
    (settings.trained / "5").mkdir(parents=True)
    (settings.trained / "5" / "model.json").write_text(json.dumps({"encoder": {"address": "a", "sha256": digests[1]}}))
    (settings.trained / "6").mkdir()
    (settings.trained / "6" / "model.json").write_text("{")
    for name, number in {"waiting": 2, "trained": 3}.items():
        RunFolder.named(settings, name).path.mkdir(parents=True)
        RunFolder.named(settings, name).write(
            whole(Prepare, encoder={"address": "/another/home", "sha256": digests[number]})
        )
    RunFolder.named(settings, "trained").result(Training.STEP).write_text("{}", encoding="utf-8")
    left = settings.own_encoders / ".9.unfinished"
    left.mkdir()
    own_encoder.make_current(settings, 8, digests[8])
    assert encoders_kept.remove_older(settings) == [3, 4]
    assert not (settings.own_encoders / "4").exists() and not left.exists()
    assert encoders_kept.next_number(settings) == 9


def test_a_number_that_somebody_started_from_is_not_given_again(settings: Settings) -> None:
    own_encoder.make_current(settings, 1, made(settings, 1))
    refused = made(settings, 2)
    assert encoders_kept.next_number(settings) == 2, "one that did not become current makes room"
    (settings.trained / "5").mkdir(parents=True)
    (settings.trained / "5" / "model.json").write_text(json.dumps({"encoder": {"address": "a", "sha256": refused}}))
    assert encoders_kept.next_number(settings) == 3


def test_a_damaged_note_is_one_line(settings: Settings) -> None:
    settings.own_encoders.mkdir()
    own_encoder.note_of(settings).write_text('{"number": "one"}', encoding="utf-8")
    with pytest.raises(InputError, match=r"current\.json's number must be a whole number"):
        own_encoder.current(settings)
    own_encoder.note_of(settings).unlink()
    own_encoder.make_current(settings, 4, "abc")
    note = own_encoder.current(settings)
    assert note and note == CurrentEncoder(number=4, sha256="abc", since=note.since)
