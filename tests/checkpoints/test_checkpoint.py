"""Where a checkpoint's files are looked for: a folder, the hub's cache, a hub."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sentiment.errors import InputError
from sentiment.model import checkpoint, encoder
from sentiment.model.vocabulary import SPECIAL

LOCATE = "import sys; from sentiment.model.checkpoint import locate; print(locate(sys.argv[1]))"


def into_cache(home: Path, name: str, folder: Path, leave_out: tuple[str, ...] = ()) -> Path:
    """Puts the files of `folder` where the hub's client would."""
    repository = home / "hub" / f"models--{name.replace('/', '--')}"
    snapshot = shutil.copytree(
        folder, repository / "snapshots" / ("0" * 40), ignore=shutil.ignore_patterns(*leave_out, "expected.npz")
    )
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40, encoding="utf-8")
    return snapshot


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An HF_HOME of this test's own. (The client reads the variable once, when it is imported.)"""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    return tmp_path / "hf"


def test_a_local_folder(data: Path) -> None:
    found = checkpoint.locate(str(data / "bert-bin"))
    assert found.weights == data / "bert-bin" / "pytorch_model.bin"
    assert (found.vocabulary, found.lower_case) == (data / "bert-bin" / "vocab.txt", False)


@pytest.mark.parametrize("name", checkpoint.NAMED)
def test_each_name_of_the_older_tool_from_the_cache(data: Path, home: Path, name: str) -> None:
    snapshot = into_cache(home, name, data / ("albert-masked-lm-bin" if "albert" in name else "bert-safetensors"))
    found = checkpoint.locate(name)
    assert {found.config.parent, found.weights.parent} == {snapshot}
    source = encoder.pretrained(name, None)
    assert source.architecture["model_type"] == ("albert" if "albert" in name else "bert")
    assert (source.pretrained, len(source.pieces), source.lower_case) == (found.weights, 41, False)


def test_weights_that_tensorflow_reads_best_come_first(data: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(data / "bert-bin", tmp_path / "both")
    for expected in ("tf_model.h5", "model.safetensors"):
        (folder / expected).write_bytes(b"x")
        assert checkpoint.locate(str(folder)).weights.name == expected


def test_ckip_is_read_with_the_pieces_of_bert_base_chinese(data: Path, home: Path) -> None:
    name = "ckiplab/albert-tiny-chinese"
    into_cache(home, name, data / "albert-masked-lm-bin", leave_out=("vocab.txt", "tokenizer_config.json"))
    with pytest.raises(InputError, match=r"no vocab\.txt in it, nor bert-base-chinese's"):
        checkpoint.locate(name)
    pieces = into_cache(home, "google-bert/bert-base-chinese", data / "bert-safetensors") / "vocab.txt"
    assert checkpoint.locate(name).vocabulary == pieces
    assert checkpoint.locate(name).lower_case is False


@pytest.mark.parametrize("name", [*checkpoint.NAMED, "someone/albert"])
@pytest.mark.parametrize(
    ("settings", "lower_case"),
    [
        (None, True),
        ({}, True),
        ({"do_lower_case": True, "strip_accents": True}, True),
        ({"do_lower_case": None, "strip_accents": None, "never_split": None}, True),
        ({"do_lower_case": False}, False),
        ({"do_lower_case": False, "strip_accents": False, "tokenize_chinese_chars": True}, False),
        ({"do_lower_case": False, "tokenizer_class": "BertTokenizerFast"}, False),
        ({"do_lower_case": False, "unk_token": {"content": "[UNK]"}, "cls_token": "[CLS]"}, False),
    ],
)
def test_the_same_files_give_the_same_model_by_name_and_by_folder(
    data: Path, home: Path, tmp_path: Path, name: str, settings: dict[str, object] | None, lower_case: bool
) -> None:
    folder = shutil.copytree(data / "albert-masked-lm-bin", tmp_path / "albert")
    (folder / "tokenizer_config.json").unlink()
    if settings is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    into_cache(home, name, folder)
    by_name, by_folder = encoder.pretrained(name, None), encoder.pretrained(str(folder), None)
    assert by_name.lower_case is by_folder.lower_case is lower_case
    assert (by_name.pieces, by_name.architecture) == (by_folder.pieces, by_folder.architecture)


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"tokenize_chinese_chars": False}, "tokenize_chinese_chars: False"),
        ({"strip_accents": False}, "strip_accents: False"),
        ({"do_lower_case": False, "strip_accents": True}, "strip_accents: True"),
        ({"do_lower_case": "false"}, "do_lower_case: 'false'"),
        ({"tokenizer_class": "AlbertTokenizer"}, "tokenizer_class: 'AlbertTokenizer'"),
        ({"tokenizer_class": "BertJapaneseTokenizer"}, "tokenizer_class: 'BertJapaneseTokenizer'"),
        ({"tokenizer_class": "PreTrainedTokenizerFast"}, "tokenizer_class: 'PreTrainedTokenizerFast'"),
        ({"do_basic_tokenize": False}, "do_basic_tokenize: False"),
        ({"never_split": ["好吃"]}, "never_split: ['好吃']"),
        ({"cls_token": "<s>"}, "cls_token: '<s>'"),
        ({"unk_token": {"content": "<unk>"}}, "unk_token: {'content': '<unk>'}"),
    ],
)
def test_settings_of_another_tokenizer_are_refused_by_name_and_by_folder(
    data: Path, home: Path, tmp_path: Path, settings: dict[str, object], found: str
) -> None:
    folder = shutil.copytree(data / "bert-safetensors", tmp_path / "bert")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    into_cache(home, "bert-base-chinese", folder)
    for name in ("bert-base-chinese", str(folder)):
        with pytest.raises(InputError) as raised:
            encoder.pretrained(name, None)
        line = str(raised.value)
        assert f"the tokenizer of {name} must be BERT's" in line and f"found {found} in its settings" in line
        assert "\n" not in line


def test_the_class_may_also_stand_in_the_config(data: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(data / "bert-safetensors", tmp_path / "bert")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for name, is_taken in (("BertTokenizerFast", True), ("XLMRobertaTokenizer", False)):
        (folder / "config.json").write_text(json.dumps({**config, "tokenizer_class": name}), encoding="utf-8")
        if is_taken:
            assert encoder.pretrained(str(folder), None).lower_case is False
        else:
            with pytest.raises(InputError, match=f"found tokenizer_class: '{name}'"):
                encoder.pretrained(str(folder), None)


def test_pieces_may_be_there_twice(data: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(data / "bert-safetensors", tmp_path / "bert")
    pieces = (folder / "vocab.txt").read_text(encoding="utf-8").split()
    pieces[7] = pieces[-1]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    assert encoder.pretrained(str(folder), None).pieces == pieces


def test_a_model_that_has_moved_on_the_hub_is_found_by_its_old_name(data: Path, home: Path) -> None:
    snapshot = into_cache(home, "google-bert/bert-base-chinese", data / "bert-safetensors")
    assert checkpoint.locate("bert-base-chinese").config == snapshot / "config.json"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ckiplab/albert-tiny-chinese", "HF_HUB_OFFLINE is set"),
        ("./nowhere", "no folder ./nowhere"),
        ("/nowhere/at/all", "no folder /nowhere/at/all"),
        ("a/b/c", "Repo id must be in the form"),
        ("店家", "found"),
        ("", "found"),
    ],
)
def test_a_name_that_cannot_be_had_is_one_line_that_says_where_to_put_it(home: Path, name: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as raised:
        checkpoint.locate(name)
    line = str(raised.value)
    assert "\n" not in line
    assert all(word in line for word in ("HF_HOME", "local folder", "scratch/tiny", "pytorch_model.bin"))


def test_an_incomplete_folder_says_what_is_missing(data: Path, tmp_path: Path) -> None:
    shutil.copyfile(data / "bert-bin" / "config.json", tmp_path / "config.json")
    with pytest.raises(InputError, match=r"found none of model\.safetensors, tf_model\.h5, pytorch_model\.bin"):
        checkpoint.locate(str(tmp_path))
    (tmp_path / "config.json").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"found no config\.json"):
        checkpoint.locate(str(tmp_path))


def ask(name: str, home: Path, endpoint: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0"}
    return subprocess.run(
        [sys.executable, "-c", LOCATE, name], env=environment, capture_output=True, text=True, timeout=60
    )


def test_a_hub_that_cannot_be_reached_costs_no_retries(tmp_path: Path) -> None:
    begin = time.monotonic()
    done = ask("ckiplab/albert-tiny-chinese", tmp_path, "http://127.0.0.1:9")
    assert "no answer from http://127.0.0.1:9" in done.stderr.splitlines()[-1]
    assert "Retrying" not in done.stderr
    assert time.monotonic() - begin < 15  # most of it is Python starting on a busy machine


class Hub(BaseHTTPRequestHandler):
    """As much of a model hub as its client asks for: files at /OWNER/NAME/resolve/main/FILE."""

    folder: Path

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.wfile.write(self._answer())

    def _answer(self) -> bytes:
        owner_and_name, _, file = self.path.removeprefix("/").partition("/resolve/main/")
        found = self.folder / file
        known = owner_and_name == "someone/albert"
        ok = self.path == "/" or (known and found.is_file())
        content = found.read_bytes() if ok and file else b""
        self.send_response(200 if ok else 404)
        if not ok:
            self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", f'"{file}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return content

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def hub(data: Path) -> Iterator[str]:
    Hub.folder = data / "albert-masked-lm-bin"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_what_the_cache_lacks_is_fetched_once(hub: str, tmp_path: Path) -> None:
    fetched = ask("someone/albert", tmp_path, hub)
    assert fetched.returncode == 0, fetched.stderr
    again = ask("someone/albert", tmp_path, "http://127.0.0.1:9")
    assert again.stdout == fetched.stdout
    assert "pytorch_model.bin" in again.stdout
    assert "vocab.txt" in again.stdout
    assert str(tmp_path) in again.stdout


def test_a_name_that_the_hub_does_not_know(hub: str, tmp_path: Path) -> None:
    done = ask("someone/else", tmp_path, hub)
    assert done.returncode == 1
    assert "InputError: the encoder 'someone/else' must be a local folder" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "abacus"}, r"must be one of albert, bert, .*; found 'abacus'"),
        ({"model_type": None}, "must be one of albert, bert, .*; found None"),
        ({"model_type": "swin", "depths": [200_000]}, "must be one of albert, bert, .*; found 'swin'"),
        ({"model_type": ["bert"]}, "must be one of albert"),
        ({"type_vocab_size": 1}, "two segments"),
        ({"is_decoder": True}, "attention in both directions"),
        ({"vocab_size": 40}, "must fit its 40 embeddings"),
        ({"vocab_size": "many"}, "found 'vocab_size': 'many' in"),
    ],
)
def test_settings_of_no_use_here(data: Path, tmp_path: Path, changes: dict[str, object], message: str) -> None:
    folder = shutil.copytree(data / "bert-safetensors", tmp_path / "bert")
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**settings, **changes}), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        encoder.pretrained(str(folder), None)


def test_a_gpt2_is_refused(data: Path) -> None:
    with pytest.raises(InputError, match=r"must be one of albert, bert, .*; found 'gpt2'"):
        encoder.pretrained(str(data / "gpt2"), None)


def test_a_config_that_is_no_json(data: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(data / "bert-safetensors", tmp_path / "bert")
    for content in ("{", "[]", ""):
        (folder / "config.json").write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match="settings must be"):
            encoder.pretrained(str(folder), None)


def test_pieces_can_be_named_where_the_folder_has_none(data: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(data / "bert-safetensors", tmp_path / "bert")
    pieces = (folder / "vocab.txt").rename(tmp_path / "pieces.txt")
    with pytest.raises(InputError, match="--vocab"):
        encoder.pretrained(str(folder), None)
    assert encoder.pretrained(str(folder), pieces).pieces[:5] == list(SPECIAL)
