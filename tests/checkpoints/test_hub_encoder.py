"""Encoders in TF-Hub's format: their own numbers, their vocabulary, a copy in the model folder, what is refused."""

from __future__ import annotations

import io
import shutil
import ssl
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.hostile_encoders import changed, trainable
from support.hostile_store import NEVER_A_BODY, Dripping

from sentiment.data.source import answer
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import hub_address, hub_encoder, packed_encoder
from sentiment.model.folder import open_model, write_model
from sentiment.training.hyperparameters import choose
from sentiment.training.start import starting_point
from sentiment.training.training_files import Files


def start(files: Files, name: Path | str, **given: Any) -> Any:
    return starting_point(files, choose("tf-hub", str(name), **{"max_seq_length": 16, **given}), Labels(), [])


def asked(folder: Path) -> dict[str, Any]:
    from sentiment.model.classifier import NAMES
    from sentiment.tensorflow_setup import tf

    expected = np.load(folder / "expected.npz")
    keys = ("input_ids", "attention_mask", "token_type_ids")
    return {name: tf.constant(expected[key], tf.int32) for name, key in zip(NAMES, keys, strict=True)}


def test_the_pooled_output_is_the_encoders_own(hub_folder: Path) -> None:
    found = hub_encoder.pooled(hub_folder / "encoder", asked(hub_folder)).numpy()
    np.testing.assert_allclose(found, np.load(hub_folder / "expected.npz")["pooled"], atol=1e-6)


def test_the_vocabulary_and_the_case_come_from_the_encoder(hub_folder: Path, data: Path, tmp_path: Path) -> None:
    source = hub_encoder.source(str(hub_folder / "encoder"), None)
    assert (len(source.pieces), source.lower_case) == (41, True)
    assert source.architecture == {"model_type": "tf-hub", "max_position_embeddings": 24}
    shorter = tmp_path / "vocab.txt"
    shorter.write_text("\n".join(source.pieces[:30]), encoding="utf-8")
    assert len(hub_encoder.source(str(hub_folder / "encoder"), shorter).pieces) == 30


def test_the_encoder_is_trained_with_the_rest(hub_folder: Path, files: Files) -> None:
    from sentiment.tensorflow_setup import tf

    model = start(files, hub_folder / "encoder").keras
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.math.log(model(asked(hub_folder), training=True)[:, 0]))
    gradients = tape.gradient(loss, model.trainable_variables)
    assert len(gradients) == 17
    assert all(gradient is not None for gradient in gradients)


def test_dropout_is_off_when_it_is_asked(hub_folder: Path, files: Files) -> None:
    model = start(files, hub_folder / "encoder", dropout_rate=0.5).keras
    answers = [model(asked(hub_folder), training=training).numpy() for training in (False, False, True, True)]
    np.testing.assert_array_equal(answers[0], answers[1])
    assert np.abs(answers[2] - answers[3]).max() > 1e-4


def test_a_model_folder_needs_nothing_but_itself(hub_folder: Path, files: Files, tmp_path: Path) -> None:
    encoder = shutil.copytree(hub_folder / "encoder", tmp_path / "encoder")
    (encoder / "thesis.txt").write_text("mine", encoding="utf-8")
    model = start(files, encoder)
    model.keras.set_weights([weight * 1.01 for weight in model.keras.get_weights()])  # as training changes them
    (tmp_path / "written").mkdir()
    write_model(tmp_path / "written", model)
    expected = model.keras(asked(hub_folder), training=False).numpy()
    shutil.rmtree(encoder)
    folder = (tmp_path / "written").rename(tmp_path / "moved")
    opened = open_model(folder)
    np.testing.assert_array_equal(opened.keras(asked(hub_folder), training=False).numpy(), expected)
    assert opened.encoder == folder / "encoder"
    assert not (folder / "encoder" / "thesis.txt").exists()
    assert start(replace(files, warm_start=folder), encoder).encoder == folder / "encoder"
    shutil.rmtree(folder / "encoder" / "variables")
    with pytest.raises(InputError, match="must be the encoder that the model was trained from"):
        open_model(folder)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bert-base-chinese", "no bert-base-chinese/saved_model.pb"),
        ("scratch/tiny", "no scratch/tiny/saved_model.pb"),
        ("/nowhere", "no /nowhere/saved_model.pb"),
        ("https://127.0.0.1:9/encoder/3", "Connection refused"),
    ],
)
def test_an_encoder_that_cannot_be_had_is_one_line(
    files: Files, name: str, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(InputError, match=reason) as raised:
        start(files, name)
    assert "TFHUB_CACHE_DIR" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_rows_longer_than_its_positions_are_refused(hub_folder: Path, files: Files) -> None:
    with pytest.raises(InputError, match="--max-seq-length must be at most the 24 positions"):
        start(files, hub_folder / "encoder", max_seq_length=25)


def test_a_vocabulary_that_does_not_fit_is_refused(hub_folder: Path, data: Path, files: Files, tmp_path: Path) -> None:
    larger = tmp_path / "vocab.txt"
    larger.write_text((data / "bert-bin" / "vocab.txt").read_text(encoding="utf-8") + "多\n", encoding="utf-8")
    with pytest.raises(InputError, match="must have an embedding for each of the 42 pieces"):
        start(replace(files, vocabulary=larger), hub_folder / "encoder")


def test_a_damaged_encoder_is_refused(hub_folder: Path, files: Files, tmp_path: Path) -> None:
    for part in ("saved_model.pb", "variables/variables.index"):
        copied = shutil.copytree(hub_folder / "encoder", tmp_path / part.replace("/", "-"))
        whole = (copied / part).read_bytes()
        (copied / part).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InputError, match="an encoder's SavedModel must be whole"):
            start(files, copied)


def test_other_savedmodels_are_refused(files: Files, tmp_path: Path) -> None:
    from sentiment.tensorflow_setup import keras, tf

    called = tf.__internal__.tracking.AutoTrackable()  # an object in the place of the function: it says what it likes
    called.__call__ = tf.Module()
    called.__call__.concrete_functions = []
    called.trainable_variables = [tf.Variable(1.0)]
    for name, module in (("nothing", tf.Module()), ("called", called)):
        tf.saved_model.save(module, str(tmp_path / name))
        with pytest.raises(InputError, match="must be callable and trainable"):
            start(files, tmp_path / name)
    words = keras.layers.Input((None,), dtype=tf.int32)
    model = keras.Model(words, keras.layers.Embedding(41, 4)(words))
    model.vocab_file = tf.saved_model.Asset(str(Path(__file__).parent / "data" / "bert-bin" / "vocab.txt"))
    model.save(tmp_path / "words", include_optimizer=False, save_format="tf")
    with pytest.raises(InputError, match="must take a dict of input_word_ids, input_mask, input_type_ids") as raised:
        start(files, tmp_path / "words")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("shape", "kind", "found"),
    [
        ((-1, 1, 8), "float32", r"float32 of the shape \(None, 1, 8\)"),
        ((), "float32", r"float32 of the shape \(\)"),
        ((-1, 8), "int32", r"int32 of the shape \(None, 8\)"),
        ((-1, 8), "string", r"string of the shape \(None, 8\)"),
        (None, "float32", "float32 of the shape <unknown>"),
    ],
)
def test_a_pooled_output_that_is_no_vector_for_each_row_is_one_line(
    shape: tuple[int, ...] | None, kind: str, found: str, files: Files, tmp_path: Path
) -> None:
    from sentiment.tensorflow_setup import tf

    def pooled(words: Any) -> Any:
        numbers = tf.as_string(words) if kind == "string" else tf.cast(words, kind)
        if shape is None:
            return tf.raw_ops.PlaceholderWithDefault(input=numbers, shape=None)
        return tf.reshape(numbers, shape) if shape else numbers[0, 0]

    with pytest.raises(InputError, match=f"must be a vector of floating-point numbers for each row.*{found}") as raised:
        start(files, trainable(tmp_path / "encoder", pooled))
    assert "\n" not in str(raised.value)


def test_a_ragged_pooled_output_is_one_line(files: Files, tmp_path: Path) -> None:
    from sentiment.tensorflow_setup import tf

    folder = trainable(tmp_path / "encoder", lambda words: tf.RaggedTensor.from_tensor(words))
    with pytest.raises(
        InputError, match=r"must be a vector of floating-point numbers .*; found ragged or sparse float32"
    ):
        start(files, folder)


def test_a_variable_that_is_no_number_is_one_line(files: Files, tmp_path: Path) -> None:
    from sentiment.tensorflow_setup import tf

    folder = trainable(tmp_path / "encoder", lambda words: words, tf.Variable("text", name="more"))
    with pytest.raises(InputError, match="an encoder's variables must be numbers; found string in") as raised:
        start(files, folder)
    assert "\n" not in str(raised.value)


class Quiet(SimpleHTTPRequestHandler):
    """A site with the packed encoder at /3; /moved is sent on to where `elsewhere` says, /cut ends too early.

    What /spoilt answers is a test's own.
    """

    elsewhere = ""
    spoilt: Callable[[Any], None]

    def do_GET(self) -> None:
        if self.path.startswith("/spoilt"):
            return type(self).spoilt(self)
        if self.path.startswith("/cut"):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"400\r\n\x1f\x8b")
            return None
        if not self.path.startswith("/moved"):
            return super().do_GET()
        self.send_response(302)
        self.send_header("Location", self.elsewhere)
        self.end_headers()
        return None

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def address(
    hub_folder: Path, localhost: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """An https site that has the encoder as TF-Hub sends one: a packed folder."""
    (tmp_path / "site").mkdir()
    with tarfile.open(tmp_path / "site" / "3", "w:gz") as packed:
        packed.add(hub_folder / "encoder", arcname=".")
    certificate, key = localhost
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "site")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}/3"
    server.shutdown()
    server.server_close()


def test_an_address_is_fetched_once(address: str, tmp_path: Path) -> None:
    folder = hub_address.resolve(address)
    assert folder.is_relative_to(tmp_path / "cache")
    (tmp_path / "site" / "3").unlink()
    assert hub_address.resolve(address) == folder
    assert len(hub_encoder.source(address, None).pieces) == 41
    with pytest.raises(InputError, match="HTTP Error 404"):
        hub_address.resolve(address.replace("/3", "/4"))


def test_a_kilobyte_that_is_a_file_of_terabytes_is_given_up(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header of a sparse file: zeros, as many as it says, and one byte at their end."""
    header = tarfile.TarInfo("saved_model.pb")
    header.size, header.type = 512, tarfile.GNUTYPE_SPARSE
    block = bytearray(header.tobuf(tarfile.GNU_FORMAT))
    at = 1 << 40
    block[386:410] = b"%011o\0%011o\0" % (0, 512)
    block[483:495] = b"\x80" + at.to_bytes(11, "big")
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:]))
    (tmp_path / "site" / "3").write_bytes(bytes(block) + bytes(512 * 3))
    monkeypatch.setattr(packed_encoder, "LARGEST", 30 << 20)
    with pytest.raises(InputError, match=r"it unpacks to more than 31,457,280 bytes"):
        hub_address.resolve(address)
    assert not list((tmp_path / "cache").rglob("saved_model.pb"))


def test_a_packed_encoder_need_not_hold_its_folders(address: str, hub_folder: Path, tmp_path: Path) -> None:
    """A tar of files alone is as good, whatever order they come in."""
    files = sorted((path for path in (hub_folder / "encoder").rglob("*") if path.is_file()), reverse=True)
    with tarfile.open(tmp_path / "site" / "3", "w:gz") as packed:
        for path in files:
            packed.add(path, arcname=path.relative_to(hub_folder / "encoder"))
    found = hub_address.resolve(address)
    assert {path.relative_to(found).parts[0] for path in found.rglob("*")} >= {"saved_model.pb", "variables", "assets"}
    assert len(hub_encoder.source(address, None).pieces) == 41


@pytest.mark.parametrize("names", [["folder/file"], ["file", "file/below"], ["n" * 300]])
def test_a_packed_encoder_that_cannot_be_unpacked_is_one_line(names: list[str], address: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "site" / "3", "w:gz") as packed:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 1
            packed.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(InputError, match=r"the encoder of a tf-hub model must be a local SavedModel folder"):
        hub_address.resolve(address)


def test_an_answer_that_ends_too_early_is_one_line(address: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="IncompleteRead") as raised:
        hub_address.resolve(address.replace("/3", "/cut"))
    assert "\n" not in str(raised.value)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("first", "more"), (*NEVER_A_BODY, (b"HTTP/1.1 200 OK\r\n\r\n", b"\x1f")))
def test_an_answer_that_never_ends_is_given_up(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bytes, more: bytes
) -> None:
    dripping = Dripping(first, more)
    monkeypatch.setattr(Quiet, "spoilt", dripping, raising=False)
    for module in (answer, hub_address):
        monkeypatch.setattr(module, "most_seconds", lambda _: 0.3)
    with pytest.raises(InputError, match="the answer takes far longer than it should") as raised:
        hub_address.resolve(address.replace("/3", "/spoilt"))
    assert "\n" not in str(raised.value)
    assert dripping.dripped < Dripping.MOST, "it was still coming"
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()], "nobody else waits for a lock"


def test_what_comes_with_a_redirect_is_not_read(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []

    def endless(request: Quiet) -> None:
        request.send_response(302)
        request.send_header("Location", "/3")
        request.end_headers()
        request.close_connection = True
        with pytest.raises(OSError):
            while len(sent) < 1_000:
                request.wfile.write(b"a" * 0x10000)
                sent.append(0x10000)

    monkeypatch.setattr(Quiet, "spoilt", endless, raising=False)
    assert (hub_address.resolve(address.replace("/3", "/spoilt")) / "saved_model.pb").is_file()
    assert len(sent) < 1_000


def test_a_redirect_leads_to_https_only(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Quiet, "elsewhere", address)
    assert (hub_address.resolve(address.replace("/3", "/moved")) / "saved_model.pb").is_file()
    for elsewhere in (address.replace("https:", "http:"), "ftp://127.0.0.1:9/3", (tmp_path / "site" / "3").as_uri()):
        monkeypatch.setattr(Quiet, "elsewhere", elsewhere)
        with pytest.raises(InputError, match=r"which is not https://|is not allowed"):
            hub_address.resolve(address.replace("/3", f"/moved/{len(elsewhere)}"))


def test_an_encoder_that_looks_up_a_table_is_refused_before_it_is_trained(honest: Path, tmp_path: Path) -> None:
    """An export keeps the variables of an encoder, and could not keep the table."""

    def trainable(meta: Any) -> None:
        for edge in meta.object_graph_def.nodes[0].children:
            edge.local_name = edge.local_name.removesuffix("_list")

    folder = changed(honest, tmp_path / "encoder", trainable)
    with pytest.raises(InputError, match="must compute without tables") as raised:
        hub_encoder.source(str(folder), None)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "name", ["http://127.0.0.1:9/3", "HTTP://127.0.0.1/3", "file:///etc", "gs://bucket/3", "s3://b/3", "hdfs:/x"]
)
@pytest.mark.parametrize("model_type", ["tf-hub", "custom"])
def test_an_address_that_is_not_https_is_one_line(files: Files, name: str, model_type: str) -> None:
    with pytest.raises(InputError, match="an address that begins with https://; found") as raised:
        starting_point(files, choose(model_type, name, max_seq_length=16), Labels(), [])
    assert "\n" not in str(raised.value)
