"""The recorded PyTorch checkpoints, and those that TensorFlow itself writes: .h5, safetensors, a TF-Hub encoder."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.hostile_encoders import saved

from sentiment.data.tsv import Post, write_posts
from sentiment.model import vocabulary
from sentiment.training.training_files import Files

DATA = Path(__file__).parent / "data"
POSTS = [
    Post(f"{word}{tail}", label, title="店家" if tail == "我" else "")
    for label, words in enumerate((("好吃", "很棒", "推真讚"), ("難吃", "很爛", "噓超差"), ("普通", "請問", "在哪裡")))
    for word in words
    for tail in ("", "！", "了喔", "我")
]
POSITIONS = 24
HUB_INPUTS = ("input_word_ids", "input_mask", "input_type_ids")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the recorded checkpoints: read them, do not write to them."""
    return DATA


@pytest.fixture(scope="session")
def posts() -> list[Post]:
    return POSTS


@pytest.fixture
def files(tmp_path: Path) -> Files:
    write_posts(tmp_path / "train.tsv", POSTS)
    write_posts(tmp_path / "test.tsv", POSTS[::3])
    return Files(tmp_path / "train.tsv", tmp_path / "test.tsv", tmp_path / "model")


def tensorflow_checkpoint(source: Path, target: Path, *, safe: bool) -> Path:
    """Loads a PyTorch checkpoint with transformers' own code and saves it as TensorFlow does."""
    from sentiment.tensorflow_setup import tf  # noqa: F401 - sets Keras 2 before transformers looks
    from transformers import TFAutoModel  # isort: skip

    TFAutoModel.from_pretrained(source).save_pretrained(target, safe_serialization=safe)
    for name in ("vocab.txt", "tokenizer_config.json", "expected.npz"):
        shutil.copyfile(source / name, target / name)
    return target


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints in TensorFlow's formats: bert-h5, albert-h5 and bert-tf-safetensors."""
    folder = tmp_path_factory.mktemp("made")
    tensorflow_checkpoint(DATA / "bert-safetensors", folder / "bert-h5", safe=False)
    tensorflow_checkpoint(DATA / "albert-safetensors", folder / "albert-h5", safe=False)
    tensorflow_checkpoint(DATA / "bert-safetensors", folder / "bert-tf-safetensors", safe=True)
    return folder


def hub_model(pieces: int) -> Any:
    """A small encoder with the interface and the variable names of TF-Hub's BERT encoders."""
    from sentiment.tensorflow_setup import keras, tf

    class PositionEmbedding(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.embeddings = self.add_weight(name="embeddings", shape=(POSITIONS, shape[-1]), initializer="normal")

        def call(self, words: Any) -> Any:
            return words + self.embeddings[: tf.shape(words)[1]]

    def layers(ids: Any, mask: Any, segments: Any) -> dict[str, Any]:
        words = keras.layers.Embedding(pieces, 8, name="word_embeddings")(ids)
        words += keras.layers.Embedding(2, 8, name="type_embeddings")(segments)
        words = PositionEmbedding(name="position_embedding")(words)
        seen = tf.cast(mask, tf.bool)[:, tf.newaxis, :]
        attended = keras.layers.MultiHeadAttention(2, 4, name="self_attention")(words, words, attention_mask=seen)
        attended = keras.layers.Dropout(0.5)(attended)
        sequence = keras.layers.LayerNormalization(name="layer_norm")(words + attended)
        pooled = keras.layers.Dense(8, activation="tanh", name="pooler_transform")(sequence[:, 0])
        return {"pooled_output": pooled, "default": pooled, "sequence_output": sequence, "encoder_outputs": [sequence]}

    inputs = {name: keras.layers.Input((None,), dtype=tf.int32, name=name) for name in HUB_INPUTS}
    return keras.Model(inputs, layers(*inputs.values()))


@pytest.fixture(scope="session")
def hub_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder saved as the exporter of TF-Hub's encoders does, and `expected.npz` with its own answers."""
    from sentiment.tensorflow_setup import keras, tf

    keras.utils.set_random_seed(5)
    folder = tmp_path_factory.mktemp("hub")
    pieces = vocabulary.read(DATA / "bert-bin" / "vocab.txt")
    shutil.copyfile(DATA / "bert-bin" / "vocab.txt", folder / "vocab.txt")
    model = hub_model(len(pieces))
    expected = dict(np.load(DATA / "bert-bin" / "expected.npz"))
    keys = ("input_ids", "attention_mask", "token_type_ids")
    pooled = model({name: tf.constant(expected[key], tf.int32) for name, key in zip(HUB_INPUTS, keys, strict=True)})
    model.vocab_file = tf.saved_model.Asset(str(folder / "vocab.txt"))
    model.do_lower_case = tf.Variable(True, trainable=False)
    model.save(folder / "encoder", include_optimizer=False, save_format="tf")
    (folder / "vocab.txt").unlink()
    np.savez(folder / "expected.npz", **{key: expected[key] for key in keys}, pooled=pooled["pooled_output"].numpy())
    return folder


@pytest.fixture(scope="session")
def localhost(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    secret, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, secret.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=True)
        .sign(secret, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key.write_bytes(secret.private_bytes(serialization.Encoding.PEM, *plain))
    return certificate, key


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder with a table of words, which is read from an asset while it is loaded."""
    from sentiment.tensorflow_setup import tf

    folder = tmp_path_factory.mktemp("honest")
    (folder / "words.txt").write_text("好 1\n壞 2\n", encoding="utf-8")
    words = tf.lookup.TextFileInitializer(str(folder / "words.txt"), tf.string, 0, tf.int64, 1, delimiter=" ")
    table = tf.lookup.StaticHashTable(words, -1)
    return saved(folder / "encoder", lambda ids: table.lookup(tf.constant("好")), table=table)
