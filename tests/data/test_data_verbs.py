"""The data verbs are light: no TensorFlow, nothing slow to import."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("verb", ["ingest", "prepare", "mix", "gate"])
def test_a_light_verb_imports_nothing_heavy(verb: str) -> None:
    code = (
        f"import sys; from sentiment.cli import run; run(['{verb}', '--help']);"
        "heavy = {'tensorflow', 'tf_keras', 'transformers', 'pandas', 'numpy', 'sklearn', 'scipy', 'boto3', 'botocore',"
        "'pyarrow'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    assert f"sentiment {verb}" in done.stdout
