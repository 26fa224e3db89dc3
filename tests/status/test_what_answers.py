"""Another model behind a label, however it got there, is found, told once as it begins and once as it is over."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.toy_servers import LABELS, Shop, Site, keep_toy_answers, save_toy

from sentiment.errors import UnavailableError
from sentiment.probe.occurrence import last_noted, note_file
from sentiment.probe.probe import probe
from sentiment.probe.served import seconds_to_follow
from sentiment.probe.verify import verify
from sentiment.probe.watch import watch
from sentiment.results.served import FILE
from sentiment.serving.history import read_state
from sentiment.serving.promote import promote
from sentiment.settings import Settings
from sentiment.status.status import describe
from sentiment.status.table import lines_of

pytestmark = pytest.mark.slow  # together they take half a minute

WAIT = 20.0
IDS = [[2, 7, 3], [2, 8, 9, 9, 3]]


@pytest.fixture
def served(shop: Shop) -> Shop:
    """Version 1 is stable, version 2 the canary, each with its kept answers."""
    for number in (1, 2):
        shop.deploy(number, keep_toy_answers(number))
        if number == 1:
            shop.do(promote, 1)
    return shop


def stop_polling(shop: Shop) -> None:
    shop.client.server._polls[0].stop()


def poll(shop: Shop) -> None:
    """Does what the server does at its next poll of models.config."""
    shop.client.server._polls[0]._action()


def replace_model(client: Any, text: str, answers: str = "中立") -> None:
    """Sends another models.config by RPC, and waits until label stable answers so, and every other label at all."""
    client.server._polls[0].stop()
    client.reload(text)
    wait_for_answer(client, answers)
    for label in re.findall(r'key: "(\w+)"', text):
        status = f"/v1/models/sentiment/labels/{label}/metadata"
        client.wait_for(lambda status=status: client.http(status)[0] == 200, f"label {label}")


def wait_for_answer(client: Any, wanted: str) -> None:
    body = {"signature_name": "text", "instances": ["今天"]}

    def answers() -> bool:
        status, answer = client.http("/v1/models/sentiment/labels/stable:predict", body)
        return status == 200 and bool(answer["predictions"][0]["label"] == wanted)

    client.wait_for(answers, f"an answer {wanted}")


@pytest.fixture
def evil(tmp_path: Path, toys: dict[int, Path]) -> Site:
    """Another folder of the same layout, in which version 1 is another model: it says 中立."""
    folder = tmp_path / "evil"
    folder.mkdir()
    site = Site(folder, {1: toys[3], 2: toys[3]})
    site.add(1)
    site.add(2)
    return site


def shown(settings: Settings) -> tuple[dict[str, Any], list[str]]:
    status = json.loads(json.dumps(describe(read_state(settings), settings)))
    return status, lines_of(status)


def test_what_answers_as_it_did_in_validation_is_said_to(served: Shop) -> None:
    found = verify(served.settings)
    assert found.agrees and [finding.kind for finding in found.findings] == ["agrees", "agrees"]
    assert found.sentence == "Every label answers as its version did when it was validated."
    assert found.last is None and not note_file(served.settings).exists()
    status, lines = shown(served.settings)
    assert any("stable as validated, canary as validated" in line for line in lines)
    assert status["served"] == {"agrees": True, "differs": [], "since": None, "last": ""}


def test_a_model_replaced_by_rpc_is_found_and_the_next_poll_heals_it(
    served: Shop, evil: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = served.client.server.rest_url
    replace_model(served.client, evil.text(1, 2, stable=1, canary=2))
    found = verify(served.settings)
    assert not found.agrees
    said = "label stable answers as another model than version 1: 2 of 2 answers differ"
    assert f"{address}: {said}" in found.sentence and "by up to 0.95" in found.sentence
    capsys.readouterr()
    assert served.run(monkeypatch, "status") == 1
    printed = capsys.readouterr()
    first, second = printed.err.splitlines()[:2]
    assert first.startswith("WHAT ANSWERS IS NOT WHAT THE HISTORY SAYS, since 20") and said in second
    assert json.loads(printed.out)["servers"][address]["answers"] == dict.fromkeys(
        ("stable", "canary"), "another model"
    )
    again = verify(served.settings)
    assert again.last and found.last and again.last.since == found.last.since, "one occurrence"
    poll(served)
    wait_for_answer(served.client, "正面")
    _, lines = shown(served.settings)
    assert f"Since {found.last.since}, what answered" in "\n".join(lines) and any(
        line.endswith("it is over now.") for line in lines
    )
    healed = verify(served.settings)
    assert healed.agrees and healed.last and healed.last.until and healed.last.since == found.last.since
    assert f"From {found.last.since} to {healed.last.until}, what answered was not" in healed.sentence
    assert served.run(monkeypatch, "status") == 0
    assert f"From {found.last.since} to {healed.last.until}" in capsys.readouterr().err


def test_a_second_server_with_another_model_on_the_address_is_found(
    served: Shop, evil: Site, start: Callable[..., Any]
) -> None:
    port = served.client.server.rest_port
    served.client.server.stop()
    evil.configure(1, 2, stable=1, canary=2)
    start(evil, rest_port=port)
    found = verify(served.settings)
    assert {finding.kind for finding in found.findings} == {"another model"}


def test_a_server_that_is_hidden_ends_nothing(served: Shop, evil: Site, start: Callable[..., Any]) -> None:
    port = served.client.server.rest_port
    served.client.server.stop()
    evil.configure(1, 2, stable=1, canary=2)
    impostor = start(evil, rest_port=port)
    begun = verify(served.settings).last
    impostor.server.stop()
    found = verify(served.settings)
    assert begun and found.last == begun and found.agrees
    assert "cannot be reached" in found.sentence and "but not every server was reached" in found.sentence
    lines = shown(served.settings)[1]
    assert any(line.endswith("nothing differs now, but not every server was reached.") for line in lines)


def test_the_one_of_two_servers_that_differs_is_named(two_servers: Shop, evil: Site) -> None:
    two_servers.deploy(1, keep_toy_answers(1))
    two_servers.do(promote, 1)
    good, bad = two_servers.clients
    replace_model(bad, evil.text(1, stable=1))
    found = verify(two_servers.settings)
    by_server = {finding.server: finding.kind for finding in found.findings}
    assert by_server == {good.server.rest_url: "agrees", bad.server.rest_url: "another model"}


@pytest.mark.parametrize(
    ("versions", "labels", "said"),
    [
        ((1, 2), {"stable": 2}, "label stable is version 2; the history says version 1, which is AVAILABLE there"),
        ((1, 2), {"stable": 1, "canary": 1}, "label canary is version 1; the history says version 2"),
        ((2,), {"canary": 2}, "label stable is unknown; the history says version 1, which is"),
        ((1, 2, 3), {"stable": 1, "canary": 2}, "version 3 is loaded, which the history does not serve"),
    ],
)
def test_other_versions_and_labels_are_found(
    served: Shop, toys: dict[int, Path], versions: tuple[int, ...], labels: dict[str, Any], said: str
) -> None:
    site = Site.__new__(Site)
    site.base = served.settings.versions
    if 3 in versions:
        served.candidate(3).export.rename(site.base / "3")
    stop_polling(served)
    served.client.reload(site.text(*versions, **labels))
    served.client.wait_for(
        lambda: all(
            (served.client.states().get(number) == "AVAILABLE") == (number in versions) for number in (1, 2, 3)
        ),
        "the attack",
    )
    found = verify(served.settings)
    assert not found.agrees and said in found.sentence


def test_a_model_that_does_not_take_texts_is_found(served: Shop, tmp_path: Path) -> None:
    from sentiment.tensorflow_setup import tf

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def of_numbers(x: Any) -> Any:
        return {"y": x}

    for number in (1, 2):
        folder = tmp_path / "plain" / "sentiment" / str(number)
        tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": of_numbers})
    stop_polling(served)
    site = Site.__new__(Site)
    site.base = tmp_path / "plain" / "sentiment"
    served.client.reload(site.text(1, 2, stable=1, canary=2))
    labels = ("stable", "canary")
    served.client.wait_for(
        lambda: all(served.client.http(f"/v1/models/sentiment/labels/{label}/metadata")[0] == 200 for label in labels),
        "the attack",
    )
    found = verify(served.settings)
    assert {finding.kind for finding in found.findings} == {"refuses"} and not found.agrees
    assert "label stable refuses what version 1 answered at its validation: HTTP 400" in found.sentence


def test_the_same_model_on_another_processor_is_not_another_one(shop: Shop) -> None:
    shop.deploy(1, keep_toy_answers(1, off=0.0025))
    assert verify(shop.settings).agrees
    shop.deploy(2, keep_toy_answers(2, off=0.02))
    assert not verify(shop.settings).agrees


def test_right_probabilities_with_labels_of_another_meaning_are_another_model(shop: Shop) -> None:
    shop.deploy(1, keep_toy_answers(1, labels=LABELS))
    assert verify(shop.settings).agrees
    shop.deploy(2, keep_toy_answers(2, labels=[LABELS[1], LABELS[0], LABELS[2]]))
    found = verify(shop.settings)
    assert not found.agrees and "label id 1 is '負面', which was '正面' at its validation" in found.sentence


@pytest.fixture
def liar(tmp_path: Path) -> Site:
    """A folder in which version 1 answers texts as version 1 does, and token ids as version 3."""
    folder = tmp_path / "liar"
    folder.mkdir()
    save_toy(folder / "toy", 1, of_ids_as=3)
    site = Site(folder, {1: folder / "toy"})
    site.add(1)
    site.configure(1, stable=1)
    return site


@pytest.mark.parametrize("ids", [IDS, []])
def test_right_answers_to_texts_and_wrong_ones_to_token_ids_are_another_model(
    shop: Shop, liar: Site, start: Callable[..., Any], ids: list[list[int]]
) -> None:
    """A version that was validated before answers to token ids were kept is compared by its texts alone."""
    shop.deploy(1, keep_toy_answers(1, ids=ids))
    shop.do(promote, 1)
    [found] = verify(shop.settings).findings
    assert found.kind == "agrees"
    port = shop.client.server.rest_port
    shop.client.server.stop()
    start(liar, rest_port=port)
    [found] = verify(shop.settings).findings
    assert found.kind == ("another model" if ids else "agrees")
    assert ("2 of 4 answers differ" in found.sentence) is bool(ids)
    assert watch(shop.settings).healthy is not bool(ids)
    assert shown(shop.settings)[0]["served"]["agrees"] is not bool(ids)


@pytest.mark.parametrize(
    ("stands", "titles", "said"),
    [
        ({"version": 2, "titled_as": 3}, ["店", "新聞"], "2 of 4 answers differ"),
        ({"version": 2, "titled_as": 3}, None, ""),  # validated before answers under titles were kept
        ({"version": 3, "titled_as": 3}, [], "it reads titles, which that version does not"),
        ({"version": 3}, ["店", "新聞"], '"titled" not found'),
        ({"version": 3}, [], ""),
    ],
)
def test_right_answers_to_texts_and_wrong_ones_to_titles_are_another_model(
    shop: Shop, tmp_path: Path, start: Callable[..., Any], stands: dict[str, int], titles: list[str] | None, said: str
) -> None:
    """Another model stands where one with `titles` was validated, which answers texts alone as that one did."""
    number = stands["version"]
    shop.deploy(1)
    shop.do(promote, 1)
    shop.deploy(2, keep_toy_answers(number, titles=titles))
    save_toy(tmp_path / "toy", **stands)
    other = Path(tmp_path / "other")
    other.mkdir()
    site = Site(other, {1: shop.toys[1], 2: tmp_path / "toy"})
    site.add(1)
    site.add(2)
    site.configure(1, 2, stable=1, canary=2)
    port = shop.client.server.rest_port
    shop.client.server.stop()
    start(site, rest_port=port)
    [_, found] = verify(shop.settings).findings
    assert found.differs is bool(said) and said in found.sentence
    if found.kind == "another model":
        assert not watch(shop.settings).healthy


def test_a_model_that_takes_no_token_ids_any_more_is_found(
    shop: Shop, tmp_path: Path, start: Callable[..., Any]
) -> None:
    from sentiment.tensorflow_setup import tf

    toy = tf.saved_model.load(str(shop.toys[1]))
    folder = tmp_path / "by_text" / "1"
    tf.saved_model.save(toy, str(folder), signatures={"text": toy.signatures["text"]})
    shop.deploy(1, keep_toy_answers(1, ids=IDS))
    shop.do(promote, 1)
    site = Site(folder.parent, {1: folder})
    site.add(1)
    site.configure(1, stable=1)
    port = shop.client.server.rest_port
    shop.client.server.stop()
    start(site, rest_port=port)
    [found] = verify(shop.settings).findings
    assert found.kind == "refuses" and "serving_default" in found.sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"of_ids": []}, "an answer for each text, row and title; found 2 for 2 texts, 0 for 2 rows of token ids."),
        ({"texts": ["好"]}, "must hold an answer for each text, row and title; found 2 for 1 texts"),
        ({"titles": ["好", "壞"]}, "found 2 for 2 texts, 2 for 2 rows of token ids, 0 for 2 titles"),
        ({"of_titled": [[1.0, 0.0, 0.0]]}, "found 2 for 2 texts, 2 for 2 rows of token ids, 1 for 0 titles"),
        ({"titles": ["好"], "of_titled": [[1.0, 0.0, 0.0]]}, "2 rows of token ids, 1 for 1 titles"),
        ({"ids": [[], [2]]}, "ids[0] must be"),
        ({"ids": [[2**31], [2]]}, "ids[0][0] must be"),
        ({"ids": [[-1], [2]]}, "ids[0][0] must be"),
    ],
)
def test_kept_answers_that_do_not_fit_are_not_compared(shop: Shop, change: dict[str, Any], said: str) -> None:
    def keep(export: Path) -> None:
        keep_toy_answers(1, ids=IDS)(export)
        kept = json.loads((export / FILE).read_text())
        (export / FILE).write_text(json.dumps(kept | change))

    shop.deploy(1, keep)
    [found] = verify(shop.settings).findings
    assert found.kind == "not compared" and said in found.sentence


def test_an_old_version_without_kept_answers_is_not_called_right(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.deploy(1)
    found = verify(shop.settings)
    assert [finding.kind for finding in found.findings] == ["not compared"] and found.agrees
    assert "label canary not compared: version 1 has no kept answers" in found.sentence
    _, lines = shown(shop.settings)
    assert any(line.endswith("canary not compared") for line in lines)
    capsys.readouterr()
    assert shop.run(monkeypatch, "verify") == 0
    assert "version 1 has no kept answers" in capsys.readouterr().err


def test_broken_kept_answers_are_not_compared(served: Shop) -> None:
    (served.settings.versions / "1" / FILE).write_text("{")
    [stable, canary] = verify(served.settings).findings
    assert (stable.kind, canary.kind) == ("not compared", "agrees") and "must be JSON" in stable.sentence


def test_watch_says_it_first_and_judges_no_canary_by_another_model(
    served: Shop, evil: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_model(served.client, evil.text(1, 2, stable=1, canary=2))
    found = watch(served.settings)
    assert (found.canary, found.healthy, found.withdrawn, found.probe) == (2, False, False, None)
    assert found.sentence.startswith("What answers is not what the history says since ")
    assert found.sentence.endswith("Version 2 was not judged, because no server has its versions' own models.")
    assert found.served and not found.served.agrees and last_noted(served.settings) == found.served.last
    test = served.settings.base_data / "latest_test.tsv"
    test.parent.mkdir(parents=True)
    test.write_text("text\tlabel\n推好\t0\n", encoding="utf-8")
    with pytest.raises(UnavailableError, match="label stable answers as another model than version 1"):
        probe(served.settings)


def test_watch_without_a_canary_verifies_stable(shop: Shop, evil: Site) -> None:
    shop.deploy(1, keep_toy_answers(1))
    shop.do(promote, 1)
    found = watch(shop.settings)
    assert (found.healthy, found.sentence) == (True, "There is no canary.")
    replace_model(shop.client, evil.text(1, stable=1))
    assert not watch(shop.settings).healthy


def test_a_server_that_is_only_late_is_not_an_alarm(served: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_polling(served)
    monkeypatch.setattr("sentiment.probe.served.seconds_to_follow", lambda settings: WAIT)
    served.client.reload(served.settings.models_config.read_text().replace('key: "canary"', 'key: "other"'))
    begun = time.monotonic()
    monkeypatch.setattr("sentiment.probe.served.time.sleep", lambda seconds: poll(served))
    assert verify(served.settings).agrees and time.monotonic() - begun < WAIT


def test_how_long_a_server_may_take_is_its_poll(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    settings = Settings(home=tmp_path)
    assert seconds_to_follow(settings) == 4.0, "2 s in serving/flags"
    (tmp_path / "serving").mkdir()
    for value, seconds in (("30", 32.0), ("9999", 62.0), ("soon", 2.0)):
        (tmp_path / "serving" / "flags").write_text(f"--model_config_file_poll_wait_seconds={value}\n")
        assert seconds_to_follow(settings) == seconds
