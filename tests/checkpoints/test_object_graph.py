"""TensorFlow's loader builds an encoder's objects as they were saved: none takes the place of what TensorFlow has.

Captured inputs were tried before they were closed: TensorFlow read the file while it loaded the model.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.hostile_encoders import changed

from sentiment.errors import InputError
from sentiment.model import hub_encoder, object_graph, saved_model


def of_the_kind(meta: Any, kind: str) -> Any:
    return next(one for one in meta.object_graph_def.nodes if one.WhichOneof("kind") == kind)


def named(kind: str, name: str) -> Callable[[Any], None]:
    return lambda meta: of_the_kind(meta, kind).children.add(node_id=0, local_name=name)


def of_another_class(meta: Any) -> None:
    of_the_kind(meta, "user_object").registered_name = "Custom.Class"


def an_asset_made_by_an_optimizer(meta: Any) -> None:
    objects = meta.object_graph_def.nodes
    at = next(number for number, one in enumerate(objects) if one.WhichOneof("kind") == "asset")
    objects[0].slot_variables.add(original_variable_node_id=1, slot_variable_node_id=at, slot_name="m")


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        (named("bare_concrete_function", "_captured_inputs"), "the edge _captured_inputs"),
        (named("function", "_list_all_concrete_functions"), "the edge _list_all_concrete_functions"),
        (named("bare_concrete_function", "graph"), "the edge graph"),
        (named("asset", "_path"), "the edge _path of an object of the kind asset"),
        (named("asset", "__call__"), "the edge __call__ of an object of the kind asset"),
        (named("variable", "_handle"), "the edge _handle"),
        (named("resource", "_resource_handle_value"), "the edge _resource_handle_value"),
        (named("resource", "__class__"), "the edge __class__"),
        (named("user_object", "__class__"), "the edge __class__"),
        (named("user_object", "_lookup_dependency"), "the edge _lookup_dependency"),
        (of_another_class, "an object of the class Custom.Class"),
        (an_asset_made_by_an_optimizer, "an optimizer's variable in the place of another object"),
    ],
)
def test_what_tensorflow_has_itself_is_not_replaced(
    attack: Callable[[Any], None], told: str, honest: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="must only compute") as raised:
        hub_encoder.load(changed(honest, tmp_path / "hostile", attack))
    assert told in raised.value.found


def test_containers_are_not_called() -> None:
    """The loader would set the call on their class, and so on all lists of this process."""
    assert object_graph.may_have("user_object", "_generic_user_object", "__call__")
    assert not object_graph.may_have("user_object", "trackable_dict_wrapper", "__call__")


def test_honest_objects_of_many_kinds_are_loaded(tmp_path: Path) -> None:
    from sentiment.tensorflow_setup import tf

    lookup = tf.lookup
    words = tmp_path / "words.txt"
    words.write_text("好\n壞\n", encoding="utf-8")
    lines = lookup.TextFileInitializer(str(words), tf.string, *whole_lines(lookup))

    class Honest(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self._query_dense = tf.Variable(1.0)  # as in TF-Hub's BERT
            self.parts = [tf.Variable(2.0), {"one": tf.Variable(3.0)}, (tf.Variable(4.0),)]
            self.tables = [lookup.StaticHashTable(lines, -1), lookup.StaticVocabularyTable(lines, 1)]
            self.counts = lookup.experimental.MutableHashTable(tf.string, tf.int64, 0)
            self.vocab_file = tf.saved_model.Asset(str(words))
            self.factor = tf.constant(2)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
        def __call__(self, texts: Any) -> Any:
            found = [table.lookup(texts) for table in (*self.tables, self.counts)]
            more = tf.cond(tf.size(texts) > 3, lambda: self.factor, lambda: 0)
            return tf.add_n(found) + tf.cast(more, tf.int64)

    tf.saved_model.save(module := Honest(), str(tmp_path / "saved"), signatures=module.__call__)
    assert saved_model.dangers(tmp_path / "saved") == []


def whole_lines(lookup: Any) -> tuple[Any, ...]:
    from sentiment.tensorflow_setup import tf

    return lookup.TextFileIndex.WHOLE_LINE, tf.int64, lookup.TextFileIndex.LINE_NUMBER


@pytest.mark.parametrize("optimizer", ["new", "legacy"])
def test_what_keras_saves_is_harmless(optimizer: str, tmp_path: Path) -> None:
    import numpy as np
    import tf_keras

    inputs = tf_keras.Input((3,))
    model = tf_keras.Model(inputs, tf_keras.layers.Dense(1)(tf_keras.layers.Dropout(0.1)(inputs)))
    optimizers = tf_keras.optimizers if optimizer == "new" else tf_keras.optimizers.legacy
    model.compile(optimizers.Adam(), "mse")
    model.train_on_batch(np.ones((2, 3)), np.ones((2, 1)))  # so that the optimizer has its variables
    model.save(str(tmp_path / "saved"), save_format="tf")
    assert saved_model.dangers(tmp_path / "saved") == []
