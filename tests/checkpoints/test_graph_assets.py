"""TensorFlow 1 names the assets of a SavedModel in a collection: they may be read, and nothing else may by that way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.hostile_encoders import changed

from sentiment.model import saved_model
from sentiment.model.graph_assets import LONGEST, OF_TENSORFLOW_1
from sentiment.model_server.servable import Servable

READS = "InitializeTableFromTextFileV2 of a file that is none of its assets"
UNREAD = f"something in the collection saved_model_assets that is no asset, or longer than {LONGEST} bytes"


@pytest.fixture(scope="module")
def of_tensorflow_1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of TensorFlow 1 with a variable and a table of words."""
    from sentiment.tensorflow_setup import tf

    v1, folder = tf.compat.v1, tmp_path_factory.mktemp("tensorflow_1")
    (folder / "words.txt").write_text("好\n壞\n", encoding="utf-8")
    with tf.Graph().as_default(), v1.Session() as session:
        words = v1.placeholder(tf.string, [None])
        whole, line = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        file = tf.lookup.TextFileInitializer(str(folder / "words.txt"), tf.string, whole, tf.int64, line)
        rows = tf.lookup.StaticHashTable(file, 2).lookup(words)
        found = tf.gather(v1.get_variable("values", [3], initializer=tf.ones_initializer()), rows)
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        started = v1.tables_initializer()
        v1.saved_model.simple_save(session, str(folder / "1"), {"w": words}, {"v": found}, legacy_init_op=started)
    (folder / "words.txt").unlink()
    return folder / "1"


def test_an_asset_in_tensorflow_1_s_collection_may_be_read(of_tensorflow_1: Path) -> None:
    assert "InitializeTableFromTextFileV2" in saved_model.operations(saved_model.meta_graphs(of_tensorflow_1)[0])
    assert saved_model.dangers(of_tensorflow_1) == []
    servable = Servable(of_tensorflow_1)
    assert servable.run("serving_default", {"w": np.array(["好".encode()], object)})["v"].tolist() == [1]
    servable.close()


def kept(meta: Any) -> Any:
    return meta.collection_def[OF_TENSORFLOW_1].any_list.value


def named(meta: Any, **names: str) -> bytes:
    """Returns the asset with another file or tensor, as the collection keeps it."""
    from tensorflow.core.protobuf.meta_graph_pb2 import AssetFileDef

    asset = AssetFileDef.FromString(kept(meta)[0].value)
    asset.filename = names.get("file", asset.filename)
    asset.tensor_info.name = names.get("tensor", asset.tensor_info.name)
    return bytes(asset.SerializeToString())


def of_a_file_elsewhere(meta: Any) -> None:
    kept(meta)[0].value = named(meta, file="../../secret.txt")


def with_one_elsewhere_too(meta: Any) -> None:
    kept(meta).add(type_url=kept(meta)[0].type_url, value=named(meta, file="../../secret.txt"))


def of_another_type(meta: Any) -> None:
    kept(meta)[0].type_url = kept(meta)[0].type_url + "s"


def of_no_type(meta: Any) -> None:
    kept(meta)[0].value = b"\xff"


def of_many_parts(meta: Any) -> None:
    kept(meta)[0].value += b"\x0a\x00" * LONGEST


def of_another_tensor(meta: Any) -> None:
    kept(meta)[0].value = named(meta, tensor=f"{meta.graph_def.node[0].name}:0")


def beside_a_list_of_tensorflow_2(meta: Any) -> None:
    """Loaders read the collection only where there is no such list."""
    meta.asset_file_def.add(filename="words.txt").tensor_info.name = f"{meta.graph_def.node[0].name}:0"


def of_no_node(meta: Any) -> None:
    kept(meta)[0].value = named(meta, tensor="save/added:0")


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        (of_a_file_elsewhere, "the asset '../../secret.txt', which is outside its folder"),
        (with_one_elsewhere_too, "the asset '../../secret.txt', which is outside its folder"),
        *((one, UNREAD) for one in (of_another_type, of_no_type, of_many_parts)),
        *((one, READS) for one in (of_another_tensor, beside_a_list_of_tensorflow_2)),
        (of_no_node, "the name save/added:0, which no node of its graph has"),
    ],
)
def test_the_collection_leads_to_no_other_file(
    attack: Callable[[Any], None], told: str, of_tensorflow_1: Path, tmp_path: Path
) -> None:
    assert told in saved_model.dangers(changed(of_tensorflow_1, tmp_path / "hostile", attack))
