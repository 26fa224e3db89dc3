"""The one place that imports TensorFlow: quiet, and with the Keras that transformers' TF classes need.

Import this module inside a function, or from a module that only such a function imports: it costs 5 to 9 seconds.
"""

from __future__ import annotations

import logging
import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # transformers' and TF-Hub's TF classes know Keras 2 only
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # C++ notes about missing CUDA and TensorRT libraries
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # otherwise the first process takes all of a GPU's memory
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("USE_TORCH", "0")  # where torch happens to be installed, do not pay for importing it

import tensorflow as tf
import tensorflow_text as tf_text
import tf_keras as keras

# Dropout draws from variables, which a resumed training can set; the older operations hide their state in the graph.
keras.backend.experimental.enable_tf_random_generator()
logging.getLogger("tensorflow").setLevel(logging.ERROR)

__all__ = ["keras", "tf", "tf_text"]
