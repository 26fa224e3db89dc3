"""The demo's background services, all on localhost: the model server, a mailbox, and Airflow."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

from sentiment import atomic, processes
from sentiment.demo.airflow_api import AirflowApi
from sentiment.demo.mailbox import Mailbox
from sentiment.demo.processes import Processes, reserve_port
from sentiment.errors import InputError, SentimentError
from sentiment.settings import CHECKOUT, Settings, read_settings

USER = "admin"
SECONDS_TO_START = 240.0
KEPT = ("SENTIMENT_SERVING_TOKEN", "SENTIMENT_LANGUAGE")
MINE = ".demo"  # the file by which a demo recognizes its own folder


@dataclass(frozen=True)
class Ports:
    """Ports on localhost, reserved; the usual ones if they are free."""

    reservations: tuple[socket.socket, ...]
    web: int
    grpc: int
    rest: int
    mail: int
    logs: int  # where Airflow's api-server fetches a running task's log

    @classmethod
    def choose(cls) -> Ports:
        reservations = tuple(reserve_port(preferred) for preferred in (8080, 8500, 8501, 8025, 8793))
        return cls(reservations, *(each.getsockname()[1] for each in reservations))

    def release(self) -> None:
        for each in self.reservations:
            each.close()


class Stack:
    """Everything that runs beside the demo. `start` starts it; `stop` leaves nothing behind."""

    def __init__(self, folder: Path, chosen: dict[str, str]) -> None:
        """`chosen` are the settings of this demo alone."""
        self.folder, self.home = folder, folder / "home"
        self.ports = Ports.choose()
        self.password = secrets.token_urlsafe(12)
        self.processes = Processes(self.home, folder / "logs")
        self.mailbox = Mailbox(folder / "mail", self.ports.mail)
        self.api = AirflowApi(f"http://localhost:{self.ports.web}", USER, self.password)
        self.chosen = chosen

    @property
    def settings(self) -> Settings:
        """The settings of the demo's own home."""
        own = {"SENTIMENT_HOME": str(self.home), "SENTIMENT_SERVING_URLS": f"http://127.0.0.1:{self.ports.rest}"}
        return read_settings({**own, **self.chosen})

    def start(self) -> None:
        """Starts everything at once, because importing TensorFlow and Airflow takes the most time.

        From here on TERM ends this process as Ctrl-C does: whoever called stops what was started.
        """
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.mailbox.start()
        self._start_model_server()
        self._start_airflow()
        if not self.api.wait_until_up(SECONDS_TO_START, self.processes.check):
            raise SentimentError(f"Airflow did not answer in time; its logs are in {self.folder / 'logs'}")
        # The api-server's first answer to a task takes seconds, so one is requested before there is a task.
        threading.Thread(target=self.api.warm_up, daemon=True).start()

    def stop(self) -> None:
        self.processes.stop()
        self.mailbox.stop()
        self.ports.release()

    def _start_model_server(self) -> None:
        command = processes.python_module("sentiment", "serve")
        command += ["--port", str(self.ports.grpc), "--rest-api-port", str(self.ports.rest)]
        self.processes.start("model-server", command, self._environment())

    def _start_airflow(self) -> None:
        binary = CHECKOUT / ".venv-airflow" / "bin" / "airflow"
        if not binary.exists():
            raise SentimentError(f"Airflow's environment must exist; found no {binary}. Run `make setup`.")
        environment = self._airflow_environment()
        passwords = Path(environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
        atomic.write_text(passwords, json.dumps({USER: self.password}))
        passwords.chmod(0o600)
        self.processes.run("airflow-db", [str(binary), "db", "migrate"], environment)
        for name, arguments in {
            "scheduler": ["scheduler"],
            "dag-processor": ["dag-processor"],
            "triggerer": ["triggerer", "--skip-serve-logs"],
            "api-server": ["api-server", "--host", "127.0.0.1", "--port", str(self.ports.web), "--workers", "1"],
        }.items():
            self.processes.start(f"airflow-{name}", [str(binary), *arguments], environment)

    def _environment(self) -> dict[str, str]:
        """Returns every process's environment: this one without its own settings, plus the demo's settings.

        A token stays: the demo's model server then wants it, and everybody who asks sends it. So does the language.
        """
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in KEPT or not name.startswith(("SENTIMENT_", "AIRFLOW_"))
        }
        return {
            **kept,
            "SENTIMENT_HOME": str(self.home),
            "SENTIMENT_SERVING_URLS": f"http://127.0.0.1:{self.ports.rest}",
            "SENTIMENT_SETTLE_SECONDS": "0",  # the demo delivers whole files, by renaming
            **self.chosen,
        }

    def _airflow_environment(self) -> dict[str, str]:
        home = self.folder / "airflow"
        address = f"http://localhost:{self.ports.web}"
        core = {
            "DAGS_FOLDER": str(CHECKOUT / "dags"),
            "PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
            "LOAD_EXAMPLES": "False",
            "EXECUTOR": "LocalExecutor",
            "PARALLELISM": "4",
            "SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
            "EXECUTION_API_SERVER_URL": f"{address}/execution/",
            "FERNET_KEY": "",
        }
        return {
            **self._environment(),
            "AIRFLOW_HOME": str(home),
            **{f"AIRFLOW__CORE__{name}": value for name, value in core.items()},
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
            "AIRFLOW__API__BASE_URL": address,
            "AIRFLOW__API__SECRET_KEY": self.password,
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
            # With these a task takes less than a second; with the defaults, meant for big installations, three.
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.ports.logs),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(
                {
                    "conn_type": "smtp",
                    "host": "127.0.0.1",
                    "port": self.ports.mail,
                    "extra": {"disable_tls": True, "disable_ssl": True, "from_email": "sentiment@localhost"},
                }
            ),
            "SENTIMENT_MAIL_TO": "operator@localhost",
            "SENTIMENT_NIGHTLY": "off",  # the acts are the only runs, even at two in the morning in Taipei
            "SENTIMENT_WATCH": "off",
        }


def fresh_folder(folder: Path) -> None:
    """Removes what an earlier demo made. Raises: InputError when `folder` holds something else."""
    if folder.exists() and not (folder / MINE).exists() and any(folder.iterdir()):
        raise InputError(
            "a demo's folder must be empty or an earlier demo's",
            found=f"other files in {folder}",
            do="Choose another --folder.",
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MINE).touch()
