"""The files of a machine and its user that Python, TensorFlow and their libraries need: programs, caches, devices."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from sentiment import disk

OURS = str(Path(__file__).resolve().parent)
PACKAGES = ("site-packages", "dist-packages")
PROGRAMS = ("/usr", "/lib", "/lib64", "/opt", "/proc", "/sys", "/dev/urandom", "/dev/random")
# Nothing of /etc in which somebody may keep a key: no shadow, no ssl/private.
OF_ETC = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "os-release", "fonts", "mime.types"),
    *("ssl/certs", "ssl/openssl.cnf", "pki/tls/certs", "pki/tls/openssl.cnf", "pki/ca-trust/extracted"),
    *("hosts", "host.conf", "gai.conf", "services", "protocols", "nsswitch.conf", "resolv.conf"),
)
DEVICES = ("/dev/null", "/dev/tty", "/dev/nvidia*", "/dev/dri", "/dev/kfd")  # the accelerators' drivers, if any
OF_A_PERSON = (".keras", ".fonts", ".local/share/fonts", ".matplotlib")
CACHES = (".cache", ".config/matplotlib", ".nv")  # fonts, downloads, what a GPU's driver compiled
NAMED_CACHES = ("XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE", "TFHUB_CACHE_DIR", "MPLCONFIGDIR", "RAY_TMPDIR")
NAMED = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "KERAS_HOME", "MATPLOTLIBRC"),
    *("AWS_CA_BUNDLE", "PYTHONHOME"),
)
OF_A_BUCKET, OF_RAY = (".aws",), (".ray",)
NAMED_OF_A_BUCKET = (
    *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG"),
    *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),  # whom a pod is
)
NAMED_OF_RAY = ("RAY_AUTH_TOKEN_PATH",)
WHO = ("/etc/passwd", "/etc/group")


def programs() -> Iterator[Path]:
    """Yields what every process with TensorFlow reads, whoever it belongs to."""
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    packages = [path for path in sys.path if Path(path).name in PACKAGES]  # not the folder that somebody stands in
    python = [sys.prefix, sys.base_prefix, sys.executable, OURS, *packages]
    yield from _absolute([*PROGRAMS, *(f"/etc/{name}" for name in OF_ETC), *python, *libraries])


def searched() -> Iterator[Path]:
    """Yields the folders in which Python looks for a module's name."""
    yield from _absolute(sys.path)


def devices() -> list[Path]:
    return [path for pattern in DEVICES for path in Path("/").glob(pattern.lstrip("/"))]


def of_the_person(*, buckets: bool = False, ray: bool = False) -> Iterator[Path]:
    """Yields what libraries read of the user's own; with `buckets`, also what opens them, with `ray`, a cluster."""
    yield from _of_home([*OF_A_PERSON, *(OF_A_BUCKET if buckets else ()), *(OF_RAY if ray else ())])
    names = [*NAMED, *(NAMED_OF_A_BUCKET if buckets else ()), *(NAMED_OF_RAY if ray else ())]
    modules = os.environ.get("PYTHONPATH", "").split(":")
    yield from _absolute([*WHO, *modules, *(os.environ.get(name, "") for name in names)])


def caches() -> Iterator[Path]:
    """Yields the caches of the user that libraries fill, if they are there."""
    yield from _of_home(CACHES)


def named_caches() -> Iterator[Path]:
    """Yields those that the environment names, which libraries make; one in a bucket is no folder."""
    named = (path for path in map(os.environ.get, NAMED_CACHES) if path and "://" not in path)
    yield from (disk.expanded(path).absolute() for path in named)


def _of_home(names: Iterable[str]) -> Iterator[Path]:
    try:
        home = Path.home()
    except RuntimeError:  # a user who has none
        return
    yield from (home / name for name in names)


def _absolute(paths: Iterable[str]) -> Iterator[Path]:
    yield from (Path(path) for path in paths if path.startswith("/"))
