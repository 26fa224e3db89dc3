"""A running server on free ports, and toy SavedModels with the two signatures that an export has."""

from __future__ import annotations

import contextlib
import gc
import json
import math
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.results import whole

LABELS = ["正面", "負面", "中立"]
VERSIONS = (1, 2, 3)
WAIT = 20.0


def save_toy(folder: Path, version: int, of_ids_as: int = 0, titled_as: int = 0) -> None:
    """Saves a model whose every answer is label `version - 1`, unless the post says otherwise.

    With `of_ids_as`, the one for token ids answers as that version; with `titled_as`, the one for titles.

    Version 2 was trained with titles: its signature `titled` goes by the title instead, if there is one.
    `text`: 推 at the start is 正面, 噓 is 負面. `wait_for_file` answers when the file it is given exists: a request
    that a test keeps in flight for as long as it likes. `slow` takes some tenths of a millisecond a row. `rows` is how
    many rows ran together.
    """
    from sentiment.tensorflow_setup import tf

    class Toy(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = tf.Variable(tf.one_hot(version - 1, 3) * 4.0)
            self.embedding = tf.Variable(tf.zeros([50, 3]))
            self.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["推", "噓"], [0, 1]), -1)

        def probabilities(self, scores: Any, as_version: int = 0) -> Any:
            return tf.nn.softmax(scores + (tf.one_hot(as_version - 1, 3) * 4.0 if as_version else self.bias))

    toy = Toy()
    ids = tf.TensorSpec([None, None], tf.int32)

    @tf.function(input_signature=[ids, ids, ids])
    def of_ids(input_ids: Any, input_mask: Any, segment_ids: Any) -> Any:
        mask = tf.cast(input_ids != 0, tf.float32)[:, :, None]
        words = tf.gather(toy.embedding, input_ids) * mask
        unused = 0.0 * tf.cast(tf.reduce_sum(input_mask + segment_ids), tf.float32)
        # The number of real tokens decides the third score: padding must not change an answer.
        count = tf.reduce_sum(mask, 1) * tf.constant([[0.0, 0.0, 0.01]])
        return {"probabilities": toy.probabilities(tf.reduce_sum(words, 1) + count + unused, of_ids_as)}

    def answer(text: Any, as_version: int = 0) -> dict[str, Any]:
        said = toy.table.lookup(tf.strings.substr(text, 0, 1, unit="UTF8_CHAR"))
        probabilities = toy.probabilities(tf.one_hot(said, 3) * 8.0, as_version)
        label_id = tf.argmax(probabilities, 1, tf.int32)
        rows = tf.fill([tf.shape(text)[0]], tf.shape(text)[0])
        return {
            "probabilities": probabilities,
            "label": tf.gather(LABELS, label_id),
            "label_id": label_id,
            "rows": rows,
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def of_text(text: Any) -> Any:
        return answer(text)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.string)])
    def of_titled(title: Any, text: Any) -> Any:
        return answer(tf.where(title == "", text, title), titled_as)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def wait_for_file(path: Any) -> Any:
        found = tf.while_loop(
            lambda found: tf.equal(found, 0), lambda _: tf.size(tf.io.matching_files(path)), [tf.constant(0)]
        )
        return {"found": found + tf.zeros_like(tf.strings.length(path))}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def slow(text: Any) -> Any:
        matrix = tf.eye(128)
        for _ in tf.range(tf.shape(text)[0]):
            matrix = tf.matmul(matrix, matrix)
        return {"done": tf.fill([tf.shape(text)[0]], matrix[0, 0])}

    signatures = {"serving_default": of_ids, "text": of_text, "wait_for_file": wait_for_file, "slow": slow}
    if version == 2 or titled_as:
        signatures["titled"] = of_titled
    tf.saved_model.save(toy, str(folder), signatures=signatures)


def add_warmup(version_folder: Path, *requests: tuple[str, dict[str, Any]]) -> None:
    """Writes requests, each a signature and its inputs, that a server replays when it loads the version."""
    from tensorflow_serving.apis import prediction_log_pb2

    from sentiment.tensorflow_setup import tf

    (version_folder / "assets.extra").mkdir()
    with tf.io.TFRecordWriter(str(version_folder / "assets.extra" / "tf_serving_warmup_requests")) as writer:
        for signature, inputs in requests:
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            request.model_spec.name, request.model_spec.signature_name = "sentiment", signature
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            writer.write(log.SerializeToString())


def save_aborting(folder: Path) -> None:
    """Saves a model of which signature `text` ends the process, as the kernel does when there is no memory."""
    from sentiment.tensorflow_setup import tf

    class Aborting(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def text(self, text: Any) -> Any:
            with tf.control_dependencies([tf.raw_ops.Abort(error_msg="no memory")]):
                return {"label": tf.identity(text)}

    toy = Aborting()
    tf.saved_model.save(toy, str(folder), signatures={"text": toy.text})


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("toys")
    for version in VERSIONS:
        save_toy(folder / str(version), version)
    return {version: folder / str(version) for version in VERSIONS}


def keep_toy_answers(
    version: int,
    off: float = 0.0,
    labels: Sequence[str] = (),
    ids: Sequence[Sequence[int]] = (),
    titles: Sequence[str] | None = None,
) -> Callable[[Path], None]:
    """Returns what writes the answers of toy `version` into its export, as `validate` does, each `off` by so much.

    With `labels`, also what each label id is called; with `ids`, also what it answers to these rows of token ids; with
    two `titles`, also what it answers to the texts under them; none: that it reads none.
    """
    from sentiment.results import record
    from sentiment.results.served import FILE, KeptAnswers

    def keep(export: Path) -> None:
        sure = math.exp(4) / (math.exp(4) + 2)
        row = [(1 - sure) / 2 + off / 2] * 3
        row[version - 1] = sure - off
        kept = KeptAnswers(
            texts=["今天", "天氣如何"],
            probabilities=[row, row],
            within=0.01,
            labels={str(number): label for number, label in enumerate(labels)},
            ids=[list(each) for each in ids],
            of_ids=[row for _ in ids],
            titles=None if titles is None else list(titles),
            of_titled=[row for _ in titles or ()],
        )
        record.write(export / FILE, kept)

    return keep


@dataclass
class Site:
    """A folder with versions and a models.config, as a server sees them."""

    folder: Path
    toys: dict[int, Path]
    base: Path = field(init=False)
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.base, self.config = self.folder / "sentiment", self.folder / "models.config"
        self.base.mkdir()

    def add(self, version: int, change: Callable[[Path], None] = lambda _: None) -> None:
        """Makes a version folder appear at once, after `change` was done to it."""
        hidden = self.folder / f"hidden-{version}"
        shutil.copytree(self.toys[version], hidden)
        change(hidden)
        hidden.rename(self.base / str(version))

    def text(self, *versions: int, policy: str = "", **labels: int) -> str:
        """Returns a models.config that serves model `sentiment` in these versions, or by `policy`."""
        policy = policy or "specific { " + " ".join(f"versions: {version}" for version in versions) + " }"
        lines = "".join(f'version_labels {{ key: "{label}" value: {version} }}\n' for label, version in labels.items())
        return f"""model_config_list {{ config {{
            name: "sentiment" base_path: "{self.base}" model_platform: "tensorflow"
            model_version_policy {{ {policy} }}
            {lines} }} }}"""

    def configure(self, *versions: int, policy: str = "", **labels: int) -> None:
        """Replaces models.config."""
        self.write(self.text(*versions, policy=policy, **labels))

    def write(self, text: str) -> None:
        hidden = self.folder / "hidden.config"
        hidden.write_text(text, encoding="utf-8")
        hidden.rename(self.config)


@pytest.fixture
def site(tmp_path: Path, toys: dict[int, Path]) -> Site:
    """A site with version 1 in it, served as `stable`."""
    return served_site(tmp_path, toys)


def served_site(folder: Path, toys: dict[int, Path]) -> Site:
    site = Site(folder, toys)
    site.add(1)
    site.configure(1, stable=1)
    return site


@dataclass
class Client:
    """Asks a server over its two ports."""

    server: Any
    channel: Any

    def http(self, path: str, body: Any = None, method: str = "") -> tuple[int, Any]:
        """Returns status and parsed JSON; `body` may be bytes, or something to send as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode("utf-8")
        request = urllib.request.Request(self.server.rest_url + path, data=data, method=method or None)
        try:
            with urllib.request.urlopen(request, timeout=WAIT) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def ask(self, *texts: str, where: str = "") -> list[str]:
        """Returns the labels of posts, over REST; `where` is empty, `/labels/L` or `/versions/V`."""
        body = {"signature_name": "text", "instances": list(texts)}
        status, answer = self.http(f"/v1/models/sentiment{where}:predict", body)
        assert status == 200, answer
        return [row["label"] for row in answer["predictions"]]

    def predict(self, inputs: dict[str, Any], signature: str = "", outputs: tuple[str, ...] = (), **spec: Any) -> Any:
        """Returns the PredictResponse over gRPC; `spec` may name `model`, `version`, `label` or `timeout`."""
        from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

        from sentiment.tensorflow_setup import tf

        request = predict_pb2.PredictRequest(output_filter=outputs)
        request.model_spec.name, request.model_spec.signature_name = spec.get("model", "sentiment"), signature
        if "version" in spec:
            request.model_spec.version.value = spec["version"]
        if "label" in spec:
            request.model_spec.version_label = spec["label"]
        for name, value in inputs.items():
            proto = value if hasattr(value, "tensor_shape") else tf.make_tensor_proto(value)
            request.inputs[name].CopyFrom(proto)
        return prediction_service_pb2_grpc.PredictionServiceStub(self.channel).Predict(
            request, timeout=spec.get("timeout", WAIT)
        )

    def reload(self, text: str) -> Any:
        """Returns the ReloadConfigResponse."""
        from google.protobuf import text_format
        from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc

        request = model_management_pb2.ReloadConfigRequest()
        text_format.Parse(text, request.config)
        stub = model_service_pb2_grpc.ModelServiceStub(self.channel)
        return stub.HandleReloadConfigRequest(request, timeout=WAIT)

    def states(self) -> dict[int, str]:
        """Returns version → state, over REST."""
        _, answer = self.http("/v1/models/sentiment")
        return {int(entry["version"]): entry["state"] for entry in answer["model_version_status"]}

    def wait_until(self, version: int, state: str) -> None:
        self.wait_for(lambda: self.states().get(version) == state, f"version {version} to be {state}")

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT
        while not condition():
            assert time.monotonic() < deadline, f"waited {WAIT} s for {what}"
            time.sleep(0.02)


@pytest.fixture(scope="session")
def client_class() -> type[Client]:
    """For a test that starts its server in another way."""
    return Client


@contextlib.contextmanager
def running_servers() -> Iterator[Callable[..., Client]]:
    import grpc

    from sentiment.model_server import open_files
    from sentiment.model_server.access import Access
    from sentiment.model_server.model_server import ModelServer, ServerOptions

    open_files.allow_many()  # as the command does
    gc.freeze()
    with contextlib.ExitStack() as stack:

        def start_server(site: Site, **changes: Any) -> Client:
            options = ServerOptions(
                site.config,
                config_poll_seconds=0.05,
                file_system_poll_seconds=0.05,
                allow_labels_for_unavailable=True,
                access=Access(reload_rpc="loopback"),
                grpc_health=True,
            )
            server = ModelServer(replace(options, **changes))
            stack.callback(server.stop)
            await_settled(server)
            return Client(server, stack.enter_context(grpc.insecure_channel(server.grpc_address)))

        yield start_server


def await_settled(server: Any, seconds: float = 5.0) -> None:
    """Waits until every version has loaded or failed: a server is ready when the first one has. Or for some seconds."""
    loading, deadline = {"START", "LOADING"}, time.monotonic() + seconds
    while time.monotonic() < deadline:
        states = [entry.state.name for versions in server.core.all_states().values() for entry in versions.values()]
        if loading.isdisjoint(states):
            return
        time.sleep(0.02)


@pytest.fixture
def start() -> Iterator[Callable[..., Client]]:
    """A function that starts a server in this process, on free ports, with quick polls."""
    with running_servers() as start_server:
        yield start_server


@pytest.fixture
def client(site: Site, start: Callable[..., Client]) -> Client:
    """A server of one's own that serves version 1 as `stable`."""
    return start(site)


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory, toys: dict[int, Path]) -> Iterator[Client]:
    """A server that serves version 1 as `stable` to every test that changes nothing."""
    with running_servers() as start_server:
        yield start_server(served_site(tmp_path_factory.mktemp("standing"), toys))


class Shop:
    """A home, servers that poll its models.config, and toy candidates: version N answers label N - 1."""

    def __init__(self, folder: Path, toys: dict[int, Path], start: Callable[..., Any], servers: int = 1) -> None:
        from sentiment.serving.change import changing
        from sentiment.settings import Settings

        bare = Settings(home=folder)
        with changing(bare):
            pass
        self.clients = [start(SimpleNamespace(config=bare.models_config)) for _ in range(servers)]
        self.client = self.clients[0]
        urls = ",".join(client.server.rest_url for client in self.clients)
        self.settings = Settings(home=folder, serving_urls=urls, load_timeout=20.0)
        self.toys = toys

    def candidate(self, number: int, change: Callable[[Path], object] = lambda _: None) -> Any:
        """Returns toy `number` as the export of run `night-<number>`, whose gate and validation passed."""
        from sentiment.results.decision import Gate
        from sentiment.results.deliveries import Check
        from sentiment.results.validation import Validation
        from sentiment.run_folder import RunFolder
        from sentiment.serving.publish import Candidate

        run = RunFolder.named(self.settings, f"night-{number}")
        shutil.copytree(self.toys[number], run.export)
        change(run.export)
        run.model.mkdir()
        card = {"data": {"watermark": number, "rows": 100 * number}}
        (run.model / "model.json").write_text(json.dumps(card))
        candidate = Candidate(run.export, run.model, run.name, {"frozen": 0.8})
        run.write(whole(Check, passed=True))
        run.write(whole(Gate, passed=True, sets={"frozen": {"candidate_accuracy": 0.8}, "rolling": None}))
        run.write(whole(Validation, passed=True, digest=candidate.digest))
        return candidate

    def deploy(self, number: int, change_it: Callable[[Path], object] = lambda _: None) -> int:
        """Publishes and makes canary; returns the version. `change_it` is done to the export before."""
        from sentiment.serving.canary import canary
        from sentiment.serving.change import changing
        from sentiment.serving.publish import publish

        with changing(self.settings, "ops") as change:
            version, _ = publish(change, self.candidate(number, change_it))
            canary(change, version)
        return version

    def do(self, verb: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        from sentiment.results.record import as_json
        from sentiment.serving.change import changing

        with changing(self.settings, "ops") as change:
            return dict(as_json(verb(change, *arguments)))

    def says(self, where: str) -> str:
        return str(self.client.ask("今天天氣", where=where)[0])

    @property
    def history(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.settings.history.read_text().splitlines()]

    def run(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
        """Runs `sentiment ARGUMENTS` in this home; returns its exit code."""
        from sentiment.cli import run

        monkeypatch.setenv("SENTIMENT_HOME", str(self.settings.home))
        monkeypatch.setenv("SENTIMENT_SERVING_URLS", self.settings.serving_urls)
        monkeypatch.setenv("SENTIMENT_LOAD_TIMEOUT", str(self.settings.load_timeout))
        return run(list(arguments))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers are asked more often: a toy loads at once."""
    from sentiment.serving import servers

    monkeypatch.setattr(servers, "SECONDS_BETWEEN_QUESTIONS", 0.03)


@pytest.fixture
def shop(tmp_path: Path, toys: dict[int, Path], start: Callable[..., Any], impatient: None) -> Shop:
    """A home with one server."""
    return Shop(tmp_path / "home", toys, start)


@pytest.fixture
def two_servers(tmp_path: Path, toys: dict[int, Path], start: Callable[..., Any], impatient: None) -> Shop:
    """A home with two servers."""
    return Shop(tmp_path / "home", toys, start, servers=2)


@pytest.fixture
def both(site: Any, start: Callable[..., Any]) -> Any:
    """A server whose `stable` is version 1 (says 正面) and whose `canary` is version 2 (says 負面)."""
    return serve_both(site, start)


@pytest.fixture(scope="module")
def standing_both(tmp_path_factory: pytest.TempPathFactory, toys: dict[int, Path]) -> Iterator[Client]:
    """Such a server for every test of a module that changes nothing."""
    with running_servers() as start_server:
        yield serve_both(served_site(tmp_path_factory.mktemp("standing-both"), toys), start_server)


def serve_both(site: Site, start: Callable[..., Client]) -> Client:
    server = start(site, allow_labels_for_unavailable=True)
    site.add(2)
    site.configure(1, 2, stable=1)
    server.wait_until(2, "AVAILABLE")
    site.configure(1, 2, stable=1, canary=2)
    server.wait_for(lambda: server.http("/v1/models/sentiment/labels/canary/metadata")[0] == 200, "the label")
    return server
