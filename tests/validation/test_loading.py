"""The process that loads an export before it is published writes nothing, whatever the export asks for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from sentiment import landlock, processes
from sentiment.validation import loading

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        landlock.version() < landlock.FIRST_WITH_RENAMES, reason="this kernel has no Landlock, or keeps it"
    ),
]


def test_what_a_signature_would_write_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked, and fails in words; that a graph has such an operation is for the look to find, before."""
    from sentiment.tensorflow_setup import tf

    class Writing(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def write(self, texts: Any) -> Any:
            with tf.control_dependencies([tf.io.write_file(str(tmp_path / "stolen"), texts[0])]):
                return {"wrote": tf.identity(texts)}

    module = Writing()
    tf.saved_model.save(module, str(tmp_path / "export"), signatures={"serving_default": module.write})
    loading.require_survived(tmp_path / "export", 120)
    assert not (tmp_path / "stolen").exists()
    unconfined = [sys.executable, "-P", "-c", WITHOUT, str(tmp_path / "export")]
    monkeypatch.setattr(processes, "python_module", lambda *_: unconfined)
    loading.require_survived(tmp_path / "export", 120)
    assert (tmp_path / "stolen").exists()  # so the test would see it


WITHOUT = """
import sys
from pathlib import Path
from sentiment.validation.loading import main
sys.exit(main(Path(sys.argv[1])))
"""
