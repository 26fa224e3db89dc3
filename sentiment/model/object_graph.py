"""The objects that TensorFlow 2's loader builds from a SavedModel: what they may be made of before any of them runs.

The loader sets every edge from one object to another with `setattr`, whatever its name. One that takes the place of
what TensorFlow's own object has, such as the inputs that a function captured, would change what was looked over.
Names that no such object has are free: a BERT of TF-Hub keeps its layers under names like `_query_dense`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

# What TensorFlow writes between functions, and by which nothing in them has a name.
OF_FUNCTIONS = re.compile(r"(trace|capture)_[0-9]+")
FUNCTIONS = frozenset({"function", "bare_concrete_function"})
OF_RESOURCES = frozenset({"_create_resource", "_initialize", "_destroy_resource"})
CALL = "__call__"  # is set on the class of an object, which only a plain one has for itself
OF_A_SHARED_CLASS = frozenset(
    {
        "trackable_dict_wrapper",
        "trackable_list_wrapper",
        "trackable_tuple_wrapper",
        "optimizer",
        "experimentalOptimizer",
        "tf_deprecated_optimizer",
        "signature_map",
    }
)
# What TensorFlow sets on an object of its own later, or asks it for if it is there.
LATER = frozenset({"_self_setattr_tracking", "_self_saveable_object_factories"})
# The classes that TensorFlow itself has objects made by: kind → what it writes.
REGISTERED = {"constant": "tf.TrackableConstant", "resource": "tf.StaticHashTable"}


def changed(objects: Any) -> Iterator[str]:
    """Yields, in words, what an object graph would change in TensorFlow's own objects while it is loaded."""
    for one in objects:
        kind = one.WhichOneof("kind") or "nothing"
        if one.registered_name and one.registered_name != REGISTERED.get(kind):
            yield f"an object of the class {one.registered_name}"
        for edge in one.children:
            if not may_have(kind, one.user_object.identifier, edge.local_name):
                yield f"the edge {edge.local_name} of an object of the kind {kind}"
        for slot in one.slot_variables:  # an optimizer makes the object, whatever its kind says
            if not _is_variable(objects, slot.slot_variable_node_id):
                yield "an optimizer's variable in the place of another object"


def may_have(kind: str, identifier: str, name: str) -> bool:
    """Tells whether an object of this kind may have another one under this name."""
    if kind in FUNCTIONS:
        return OF_FUNCTIONS.fullmatch(name) is not None
    if kind == "resource":
        return name in OF_RESOURCES or not (_is_pythons(name) or name in _of_a_resource())
    if kind != "user_object":  # an asset, a constant, a variable
        return False
    if name == CALL:
        return identifier not in OF_A_SHARED_CLASS
    return not (_is_pythons(name) or name in _of_an_object())


def _is_pythons(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _is_variable(objects: Any, number: int) -> bool:
    return 0 <= number < len(objects) and objects[number].WhichOneof("kind") == "variable"


@functools.cache
def _of_an_object() -> frozenset[str]:
    """Returns the names that TensorFlow's plainest object has itself."""
    from sentiment.tensorflow_setup import tf

    return _names_in(tf.__internal__.tracking.AutoTrackable())


@functools.cache
def _of_a_resource() -> frozenset[str]:
    from tensorflow.python.trackable.resource import RestoredResource

    from sentiment.tensorflow_setup import tf  # noqa: F401 - the class belongs to it

    return _names_in(RestoredResource())


def _names_in(one: Any) -> frozenset[str]:
    one._maybe_initialize_trackable()
    return frozenset(dir(one)) | LATER
