"""`make env`: writes what docker-compose.yml needs to know about this machine, and its secrets, into `.env`.

It keeps every value that `.env` already has, so you can run it again at any time: a database keeps its first password.
Everything else in `.env` is yours. Airflow's services get all of it, so put the settings of the system (`SENTIMENT_…`),
of the bucket (`AWS_…`) and of the mail server there, one `NAME=value` per line.

    python3 docker/environment.py [HOME-FOLDER] [--gpu] [--tryout]
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

CHECKOUT = Path(__file__).resolve().parent.parent
SOCKET = Path("/var/run/docker.sock")
LINE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")
# Characters that one of Compose's versions would not read literally.
AWKWARD = re.compile(r"[\s$'\"#\\:,]")

# Long secrets without characters that a URL or a shell would interpret.
SECRETS: dict[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": lambda: secrets.token_urlsafe(24),
    "REDIS_PASSWORD": lambda: secrets.token_urlsafe(24),
    "STORE_PASSWORD": lambda: secrets.token_urlsafe(24),
    "SCORE_SECRET": lambda: secrets.token_urlsafe(24),
    "AIRFLOW_ADMIN_PASSWORD": lambda: secrets.token_urlsafe(12),
    "AIRFLOW_API_SECRET": lambda: secrets.token_urlsafe(32),
    "AIRFLOW_JWT_SECRET": lambda: secrets.token_urlsafe(64),
    "AIRFLOW_FERNET_KEY": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
}


def machine(home: Path, socket: Path = SOCKET) -> dict[str, str]:
    """Returns the facts of this machine: the home, its owner, and the group that may command the Docker engine."""
    owner = home.stat()
    group = socket.stat().st_gid if socket.exists() else owner.st_gid
    return {
        "STACK_HOME": str(home),
        "STACK_UID": str(owner.st_uid),
        "STACK_GID": str(owner.st_gid),
        "DOCKER_GID": str(group),
    }


def choices(gpu: bool, tryout: bool, store_password: str) -> dict[str, str]:
    """Returns the settings of a stack: its model server, and with `tryout` its own store and mailbox."""
    profiles = ["gpu" if gpu else "cpu", *(["tryout"] if tryout else [])]
    chosen = {"COMPOSE_PROFILES": ",".join(profiles)}
    if gpu:
        chosen |= {"SENTIMENT_RUNNER_GPUS": "all"}
    if tryout:
        chosen |= {
            "SENTIMENT_SOURCE": "s3://posts/labelled",
            "AWS_ENDPOINT_URL": "http://store:9000",
            "AWS_ACCESS_KEY_ID": "sentiment",
            "AWS_SECRET_ACCESS_KEY": store_password,
            "AWS_DEFAULT_REGION": "us-east-1",
            "SENTIMENT_MAIL_TO": "operator@localhost",
            "AIRFLOW_CONN_SMTP_DEFAULT": "smtp://mail:1025/?disable_tls=true&disable_ssl=true&from_email=sentiment%40localhost",
        }
    return chosen


def read_lines(path: Path) -> list[str]:
    """Returns the lines of a `.env`; refuses a line that is not NAME=value."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#") and not LINE.fullmatch(line):
            # Only the name: what follows it may be a secret.
            refuse(f"{path}, line {number}, must be NAME=value", repr(line.partition("=")[0][:40]), "Correct it.")
    return lines


def values_of(lines: Iterable[str]) -> dict[str, str]:
    """Returns name → value; the last line of a name counts, as it does for Compose."""
    return {match["name"]: match["value"] for line in lines if (match := LINE.fullmatch(line))}


def completed(lines: list[str], wanted: dict[str, str]) -> list[str]:
    """Returns `lines`, and after them what they lack of `wanted`: the last line of a name counts."""
    there = values_of(lines)
    return [*lines, *(f"{name}={value}" for name, value in wanted.items() if not there.get(name))]


def differing(lines: list[str], wanted: dict[str, str]) -> dict[str, str]:
    """Returns what `wanted` has with another value than `lines`; this is never a secret."""
    there = values_of(lines)
    return {name: value for name, value in wanted.items() if there.get(name) not in (None, "", value)}


def write(path: Path, lines: Iterable[str]) -> None:
    """Replaces `path` in one step, and lets only its owner read it."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600, exist_ok=False)
    with new.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make env", description=str(__doc__).partition("\n")[0])
    parser.add_argument("home", nargs="?", type=Path, default=CHECKOUT, help="has datasets/, serving/ and runs/")
    parser.add_argument("--gpu", action="store_true", help="run the model server and training steps on the GPUs")
    parser.add_argument("--tryout", action="store_true", help="add an S3 store and a mailbox to try things out")
    parser.add_argument("--file", type=Path, default=CHECKOUT / ".env", help="the file to write")
    return parser.parse_args()


def refuse(must: str, found: object, do: str) -> NoReturn:
    """Ends with exit code 2 and one line."""
    print(f"make env: {must}; found {found}. {do}", file=sys.stderr)
    sys.exit(2)


def main() -> None:
    given = arguments()
    home = given.home.resolve()
    if not home.is_dir() or AWKWARD.search(str(home)):
        refuse(
            "the home must be a folder without spaces or $ ' \" # \\ : , in its path",
            home,
            "Create it, or name another.",
        )
    lines = read_lines(given.file)
    secret = {name: values_of(lines).get(name) or make() for name, make in SECRETS.items()}
    wanted = machine(home) | choices(given.gpu, given.tryout, secret["STORE_PASSWORD"]) | secret
    for folder in ("serving/servers", "datasets/inbox", "runs"):
        _make_folder(home / folder, home)
    new = completed(lines, wanted)
    if new != lines:
        write(given.file, new)
    print(
        f"make env: {given.file}: {len(new) - len(lines)} values added, {len(values_of(lines))} kept", file=sys.stderr
    )
    for name, value in differing(lines, wanted).items():
        print(f"make env: {name} keeps its value; a new file would have {value}", file=sys.stderr)


def _make_folder(folder: Path, home: Path) -> None:
    """Makes a folder that belongs to the home's owner; containers would make it as root."""
    for path in (folder.parent, folder):
        if not path.exists():
            path.mkdir()
            os.chown(path, home.stat().st_uid, home.stat().st_gid)


if __name__ == "__main__":
    main()
