"""The one place that imports TensorFlow: without its chatter, and with the Keras that transformers' TF classes need.

Import this module inside a function, or in a module that only such a function imports: it takes 5 to 9 seconds.
"""

from __future__ import annotations

import logging
import os

from sentiment.lean import importing

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # the TF classes of transformers and TF-Hub support only Keras 2
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # C++ notes about missing CUDA and TensorRT libraries
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # otherwise the first process takes all of a GPU's memory
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("USE_TORCH", "0")  # do not spend time on importing torch where it happens to be installed

with importing("tensorflow"):
    import tensorflow as tf
    import tensorflow_text as tf_text
    import tf_keras as keras

# Dropout then draws from variables, which a resumed training can restore; older operations hide their state.
keras.backend.experimental.enable_tf_random_generator()
logging.getLogger("tensorflow").setLevel(logging.ERROR)

__all__ = ["keras", "tf", "tf_text"]
