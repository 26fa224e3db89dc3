"""Mail and approval are read by Airflow's environment: they need the standard library, msgspec, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

MEASURING = {"coverage", "$coverage"}  # `make coverage` is in every process


def test_mail_and_approval_need_the_standard_library_and_the_types_alone() -> None:
    code = (
        "import json, sys, sentiment.mail.regression, sentiment.mail.approval_body, sentiment.mail.approval;"
        "import sentiment.mail.failure, sentiment.mail.quiet_nights, sentiment.serving.open_questions;"
        "ours = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names);"
        "print(json.dumps(sorted(name for name in ours if name[0] not in '_@')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "click" not in done.stdout and "tqdm" not in done.stdout
    assert (
        set(json.loads(done.stdout)) - {"sentiment", "msgspec", "typing_extensions", "sitecustomize", *MEASURING}
        == set()
    )


def test_the_rules_import_nothing_that_takes_long() -> None:
    code = "import json, sys, sentiment.gate.rules; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    roots = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "msgspec" in roots
    assert not roots & {"numpy", "scipy", "sklearn", "pandas", "tensorflow", "keras", "boto3", "tqdm", "asyncio"}
