"""`sentiment pretrain` from end to end: small corpora, a kill, a resume, a folder that others open."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file

from sentiment import progress, seal
from sentiment.errors import InputError
from sentiment.model import checkpoint, encoder
from sentiment.model.tokenizer import Tokenizer
from sentiment.model.vocabulary import read as vocabulary_of
from sentiment.model.vocabulary import write
from sentiment.pretraining import fit, network
from sentiment.pretraining.corpus import read_corpus
from sentiment.pretraining.kept import Place
from sentiment.pretraining.pretrain import _earlier, command
from sentiment.pretraining.start import pieces_of
from sentiment.pretraining.tokens import tokenised

FOOD, TALK = ("牛肉麵", "滷肉飯", "鹹酥雞", "臭豆腐"), ("好吃", "難吃", "普通", "太貴")
POSTS = [f"第{number}家的{FOOD[number % 4]}真的{TALK[number % 4]}，{number}分" for number in range(1200)]
SMALL = ["--model-name", "scratch/tiny", "--passes", "1.5", "--pieces", "400", "--length", "32"]
SMALL += ["--part-tokens", "2048", "--parts", "2", "--learning-rate", "0.002"]


@pytest.fixture(autouse=True)
def small_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of this test's own, and a smaller encoder."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(encoder.SCRATCH, "scratch/tiny", (1, 32, 2))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(POSTS), encoding="utf-8")
    return path


def pretrain(corpus: Path, output: Path, *more: str) -> Result:
    return CliRunner().invoke(command, ["--corpus", str(corpus), "--output", str(output), *SMALL, *more])


def killed_at(number: int) -> Any:
    """Returns a course that ends after so many steps."""
    steps = fit.Course._steps

    def killed(self: Any, place: Any) -> Any:
        for step in steps(self, place):
            if place.steps == number:
                raise KeyboardInterrupt
            yield step

    return killed


def result_of(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def vocab(tmp_path: Path) -> Path:
    """The word pieces of the posts."""
    path = tmp_path / "vocab.txt"
    write(path, pieces_of(POSTS, 400))
    return path


def test_posts_without_a_known_piece_are_left_out(tmp_path: Path, vocab: Path) -> None:
    """As it was, one of them, alone in its part, ended a pretraining with a stack trace: nothing could be hidden."""
    path = tmp_path / "strange.txt"
    strange = ["😂" * number for number in range(20, 25)]
    path.write_text("\n".join([*POSTS[:200], *strange, *(chr(0x300 + number) for number in range(40))]), "utf-8")
    found = result_of(pretrain(path, tmp_path / "out", "--vocab", str(vocab)))
    assert found["unknown_share"] == 0 and found["corpus"]["lines"] == 245
    assert found["rows"] == sum(1 for post, held in read_corpus([path], []).posts() if not held and "家" in post)


@pytest.mark.parametrize("post", ["😂", "\u0301"], ids=["unknown", "without pieces"])
def test_a_corpus_without_a_known_piece_is_one_line(tmp_path: Path, vocab: Path, post: str) -> None:
    """As it was, a corpus of accents alone never ended."""
    path = tmp_path / "strange.txt"
    path.write_text("\n".join(chr(ord(post) + number) * 3 for number in range(50)), "utf-8")
    done = pretrain(path, tmp_path / "out", "--vocab", str(vocab))
    assert isinstance(done.exception, InputError)
    assert "with pieces that the vocabulary knows; found 0 to learn from" in str(done.exception)


def test_weights_that_became_no_numbers_are_no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was, a home's first encoder was current also then."""
    monkeypatch.setattr(fit.Course, "_hidden", lambda *_: SimpleNamespace(ids=0, there=0, places=0, answers=0, asked=1))
    learning: Any = SimpleNamespace(ask=lambda *_: (float("nan"), 0.0))
    held_out: Any = SimpleNamespace(lengths=np.array([5]))
    signs: Any = None
    options = fit.Options(1, 32, 0.15, 0.1, 0, 0, 64, 1, 0, 13, "auto")
    with pytest.raises(InputError, match="must end with a loss that is a number; found nan after 3 steps"):
        fit.Course(learning, held_out, held_out, signs, options).judge(Place(steps=3))


@pytest.mark.parametrize("name", ["ids.bin", "begins.bin", "ends.bin"])
def test_tokens_that_were_cut_are_made_again(corpus: Path, tmp_path: Path, vocab: Path, name: str) -> None:
    """As it was, an emptied file ended each further try with a stack trace."""
    pieces, read = vocabulary_of(vocab), read_corpus([corpus], [])
    tokenizer = Tokenizer(pieces, max_seq_length=32, lower_case=True)

    def made() -> list[int]:
        learnt, _ = tokenised(read, tokenizer, pieces, 32, tmp_path / "words", segmented=False, made_of="a")
        return list(learnt.ids)

    before, damaged = made(), tmp_path / "words" / "learnt" / name
    os.truncate(damaged, 0)
    assert made() == before and damaged.stat().st_size


@pytest.mark.parametrize("part", ["learnt", "held_out"])
@pytest.mark.parametrize("name", ["ids.bin", "begins.bin", "ends.bin"])
@pytest.mark.parametrize("value", [0, 1])
def test_tokens_of_the_right_size_but_other_bytes_are_made_again(
    corpus: Path, tmp_path: Path, vocab: Path, part: str, name: str, value: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it was, `ends.bin` of zeros was a ValueError each time, and of another `ids.bin` an encoder was made."""
    pieces, read = vocabulary_of(vocab), read_corpus([corpus], [])
    tokenizer = Tokenizer(pieces, max_seq_length=32, lower_case=True)
    options: dict[str, Any] = {"segmented": False, "made_of": "a"}
    tokenised(read, tokenizer, pieces, 32, tmp_path / "words", **options)
    damaged = tmp_path / "words" / part / name
    written = damaged.read_bytes()
    damaged.write_bytes(bytes([value]) * len(written))
    capsys.readouterr()
    tokenised(read, tokenizer, pieces, 32, tmp_path / "words", **options)
    told = capsys.readouterr().err
    assert f"words are damaged ({part}/{name} has another sha256); the corpus is tokenised anew" in told
    assert told.count("\n") == 1 and damaged.read_bytes() == written
    tokenised(read, tokenizer, pieces, 32, tmp_path / "words", **options)
    assert not capsys.readouterr().err, "whole ones are taken as they are"


def as_before(tokens: Path) -> None:
    """Makes of kept tokens what an earlier version left: sizes, and no sha256."""
    known = json.loads((tokens / "tokens.json").read_text(encoding="utf-8"))
    sizes = {name: (tokens / name).stat().st_size for name in known.pop("sha256")}
    (tokens / "tokens.json").write_text(json.dumps({**known, "bytes": sizes}), encoding="utf-8")


@pytest.mark.slow
def test_a_pretraining_that_an_earlier_version_began_goes_on_with_its_steps(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "SECONDS_BETWEEN_STATES", 0.0)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(fit.Course, "_steps", killed_at(5))
        assert pretrain(corpus, tmp_path / "out").exit_code != 0
    left = tmp_path / ".out.unfinished"
    kept = {path: path.read_bytes() for path in (left / "tokens").rglob("*.bin")}
    as_before(left / "tokens")
    with monkeypatch.context() as patch:
        patch.setattr(fit.Course, "_steps", killed_at(6))
        again = pretrain(corpus, tmp_path / "out")
    assert "are of an earlier version, which kept no sha256 of them; the corpus is tokenised anew" in again.stderr
    assert {path: path.read_bytes() for path in (left / "tokens").rglob("*.bin")} == kept
    done = pretrain(corpus, tmp_path / "out")
    assert "tokenised anew" not in done.stderr
    assert re.search(r"^pretrain: \S+ tokens, \S+ tokens/s, \S+ left, loss \d\.\d{3}$", done.stderr, re.MULTILINE)
    assert result_of(done)["resumed"] and "it is discarded" not in again.stderr + done.stderr


@pytest.mark.slow
def test_what_stands_where_a_part_of_the_course_is_kept_is_not_deleted(corpus: Path, tmp_path: Path) -> None:
    """As it was, only --output was looked at: a folder of the other name was gone without a word."""
    theirs = tmp_path / "out-at-0.5" / "thesis.txt"
    theirs.parent.mkdir()
    theirs.write_text("precious", encoding="utf-8")
    done = pretrain(corpus, tmp_path / "out", "--at", "0.5")
    assert isinstance(done.exception, InputError) and f"found {theirs.parent}. Name" in str(done.exception)
    done = pretrain(corpus, tmp_path / "other", "--at", "0.5", "--model-name", str(tmp_path / "other-at-0.5"))
    assert "another folder than --model-name" in str(done.exception)
    assert theirs.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("name", ["out-at-0.5", "out"])
def test_what_somebody_put_there_meanwhile_is_not_deleted(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    theirs, judge = tmp_path / name / "thesis.txt", fit.Course.judge

    def meanwhile(self: Any, place: Any) -> Any:
        theirs.parent.mkdir(exist_ok=True)
        theirs.write_text("precious", encoding="utf-8")
        return judge(self, place)

    with monkeypatch.context() as patch:
        patch.setattr(fit.Course, "judge", meanwhile)
        done = pretrain(corpus, tmp_path / "out", "--at", "0.5")
    assert isinstance(done.exception, InputError) and "Move that away and repeat" in str(done.exception)
    assert theirs.read_text(encoding="utf-8") == "precious"
    theirs.parent.rename(tmp_path / "theirs")
    assert len(result_of(pretrain(corpus, tmp_path / "out", "--at", "0.5"))["judged"]) == 2


def test_it_learns_what_stands_beside_what(corpus: Path, tmp_path: Path) -> None:
    found = result_of(pretrain(corpus, tmp_path / "out", "--at", "0.3", "--passes", "6"))
    first, last = found["judged"]
    assert last["loss"] < first["loss"] - 0.3 and last["passes"] >= 6 > first["passes"]
    assert found["corpus"]["learnt"] + found["corpus"]["held_out"] == 1200
    early = json.loads((tmp_path / "out-at-0.3" / "pretraining.json").read_text(encoding="utf-8"))
    assert early["judged"] == [first]
    assert not list(tmp_path.glob(".out*")), "nothing is left beside the result"


def test_the_folder_is_an_encoder_that_says_the_same(corpus: Path, tmp_path: Path) -> None:
    from transformers import TFBertForMaskedLM

    from sentiment.model import pretrained
    from sentiment.tensorflow_setup import tf

    found = result_of(pretrain(corpus, tmp_path / "out", "--weights", "float32"))
    source = encoder.pretrained(str(tmp_path / "out"), None)
    assert source.architecture["pooling"] == "mean" and len(source.pieces) == found["pieces"]
    assert source.pretrained == tmp_path / "out" / checkpoint.WEIGHTS[0]
    again = network.built(source.architecture, 99, source.pretrained)
    opened = TFBertForMaskedLM(again.config)
    opened(tf.zeros((1, 2), tf.int32))
    pretrained.load(opened, source.pretrained)
    ids = tf.constant([[2, 7, 9, 3]])
    assert np.allclose(opened(ids).logits, again(ids).logits, atol=1e-5)
    weights = load_file(source.pretrained)
    assert weights["cls.predictions.transform.dense.weight"].shape == (32, 32)
    assert sum(value.size for value in weights.values()) == found["parameters"]


def test_a_card_on_which_nobody_judged_is_of_no_encoder_that_is_done(tmp_path: Path) -> None:
    """As it was, a damaged card ended each further try with an IndexError."""
    data = Path(__file__).parent.parent / "checkpoints" / "data" / "bert-of-pretrain" / "pretraining.json"
    card = json.loads(data.read_text(encoding="utf-8"))
    made_of = card["options"].setdefault("made_of", "these inputs")

    def earlier(judged: object) -> object:
        (tmp_path / "pretraining.json").write_text(json.dumps({**card, "judged": judged}), encoding="utf-8")
        return _earlier(tmp_path, made_of)

    assert earlier(card["judged"]) is not None and earlier([]) is None
    with pytest.raises(InputError, match="judged must be a list; found null"):
        earlier(None)


def test_a_card_with_another_digit_is_of_no_encoder_that_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `refresh-encoder` decides is decided by these figures. The card of an earlier version has no sum."""
    data = Path(__file__).parent.parent / "checkpoints" / "data" / "bert-of-pretrain" / "pretraining.json"
    card = json.loads(data.read_text(encoding="utf-8"))
    made_of = card["options"].setdefault("made_of", "these inputs")
    whole = seal.sealed({name: value for name, value in card.items() if name != seal.SEAL})
    (tmp_path / "pretraining.json").write_text(json.dumps(whole), encoding="utf-8")
    assert _earlier(tmp_path, made_of) is not None
    whole["judged"][0]["loss"] += 1
    (tmp_path / "pretraining.json").write_text(json.dumps(whole), encoding="utf-8")
    assert _earlier(tmp_path, made_of) is None
    assert "(it is not what was written, by its sha256); the encoder is made anew" in capsys.readouterr().err


@pytest.mark.slow
def test_the_same_again_is_not_made_again(corpus: Path, tmp_path: Path) -> None:
    once = result_of(pretrain(corpus, tmp_path / "out"))
    again = pretrain(corpus, tmp_path / "out")
    assert result_of(again) == once and "was already made" in again.stderr
    assert result_of(pretrain(corpus, tmp_path / "out", "--seed", "14"))["judged"] != once["judged"]


@pytest.mark.slow
def test_one_that_was_killed_ends_as_if_it_had_not_been(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = result_of(pretrain(corpus, tmp_path / "whole"))
    monkeypatch.setattr(fit, "SECONDS_BETWEEN_STATES", 0.0)
    steps = fit.Course._steps
    monkeypatch.setattr(fit.Course, "_steps", killed_at(5))
    assert pretrain(corpus, tmp_path / "out").exit_code != 0
    assert not (tmp_path / "out").exists() and (tmp_path / ".out.unfinished" / "state-4").is_dir()
    monkeypatch.setattr(fit.Course, "_steps", steps)
    resumed = result_of(pretrain(corpus, tmp_path / "out"))
    assert resumed["resumed"] and resumed["judged"] == whole["judged"]
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "out"))
    assert all((one[name] == two[name]).all() for name in one)


def test_a_damaged_state_is_discarded_and_said(corpus: Path, tmp_path: Path) -> None:
    state = tmp_path / ".out.unfinished" / "state-7"
    state.mkdir(parents=True)
    (state / "place.json").write_text('{"made_of": "another"}', encoding="utf-8")
    done = pretrain(corpus, tmp_path / "out")
    assert "other inputs or options; it is discarded" in done.stderr and not result_of(done)["resumed"]


def test_words_between_spaces_are_hidden_whole(corpus: Path, tmp_path: Path) -> None:
    segmented = tmp_path / "segmented.txt"
    segmented.write_text("\n".join(post.replace("真的", " 真的 ") for post in POSTS), encoding="utf-8")
    pieces = pieces_of(POSTS, 400)
    read, tokenizer = read_corpus([segmented], []), Tokenizer(pieces, max_seq_length=32, lower_case=True)
    learnt, _ = tokenised(read, tokenizer, pieces, 32, tmp_path / "words", segmented=True, made_of="a")
    row = slice(0, learnt.ends[0])
    said = [pieces[piece] for piece in learnt.ids[row]]
    assert [said[place] for place in np.flatnonzero(learnt.begins[row])] == ["第", "真", said[said.index("真") + 2]]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--passes", "0"), "--passes must be"),
        (("--at", "1.5"), "--at must be a share"),
        (("--model-name", "scratch/huge"), "a from-scratch encoder must be one of"),
        (("--devices", "0"), "--devices must be auto, cpu, gpu or a number from 1"),
        (("--devices", "99"), "--devices 99 must find as many devices"),
        (("--corpus", "none.txt"), "none.txt"),
        (("--exclude", "none.tsv"), "none.tsv"),
        (("--vocab", "no-mask.txt"), r"found no-mask.txt without [MASK]"),
        (("--output", "."), "must be a new folder, or an encoder"),
    ],
)
def test_bad_input_is_one_line(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("no-mask.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n好\n", encoding="utf-8")
    Path("something").touch()
    done = pretrain(corpus, tmp_path / "out", *more)
    assert isinstance(done.exception, InputError) and told in str(done.exception)
