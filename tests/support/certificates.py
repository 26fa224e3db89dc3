"""A key and a certificate for a server of a test."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_pair(
    folder: Path, key: str = "key.pem", certificate: str = "certificate.pem", *names: str
) -> tuple[Path, Path]:
    """Makes a key and a certificate for 127.0.0.1 and `names`, its own authority; returns the two files."""
    files = folder / key, folder / certificate
    named = [f"DNS:{name}" for name in names]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=serving", "-addext", f"subjectAltName={','.join(('IP:127.0.0.1', *named))}"]
    subprocess.run([*command, "-keyout", str(files[0]), "-out", str(files[1])], check=True, capture_output=True)
    return files
