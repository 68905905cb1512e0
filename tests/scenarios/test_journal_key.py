"""`journal.key` encrypts the journal: what whoever may read Secrets sees of it, and what becomes of runs without it."""

from __future__ import annotations

import base64
import json
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config import Config
from sternway_steps.config.schema import DEFAULT_STEPS, JournalConfig, KeySource, StepConfig
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.secret_form import SECRET_TYPE
from sternway_steps.journal.entries import Entry, Key, Kind, new_run_id
from sternway_steps.journal.replay import Status
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import config_map, config_of, sternway
from tests.scenarios import forging

OLD, NEW = "tulip-7714-marmot", "gravel-2290-heron"
"""What stands nowhere else."""
KEY, OTHER = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


def secret(value: str) -> dict[str, Any]:
    data = {"password": base64.b64encode(value.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}


def file(folder: Path, text: str, name: str = "journal.key") -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return path


def config(cluster: Cluster, value: str, key: Path | None, *steps: StepConfig) -> Config:
    journal = JournalConfig(key=KeySource(file=str(key))) if key is not None else JournalConfig()
    return config_of(cluster.namespace, secret(value), config_map("m", a=value), steps=(*steps, DEFAULT_STEPS[1]), journal=journal)  # fmt: skip


def value(cluster: Cluster) -> str:
    found = cluster.get("v1", "Secret", "s")
    assert found is not None
    return base64.b64decode(found["data"]["password"]).decode()


def killed(cluster: Cluster, made: Config) -> str:
    """Leave a run half done, as a killed process does."""
    run = new_run_id()
    assert dying.run_until(cluster.kubeconfig, made, run, "PATCH /secrets/s") == dying.DIED
    return run


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return file(tmp_path, KEY)


@pytest.fixture
def session(noting: Session) -> Session:
    return noting


def decodings(data: bytes, deep: int = 5) -> Iterator[bytes]:
    """Give data, and all that it becomes as base64 and as zlib, of whole texts and of what stands in them."""
    yield data
    if not deep:
        return
    with suppress(zlib.error):
        yield from decodings(zlib.decompress(data), deep - 1)
    for found in set(_BASE64.findall(data.decode("latin-1"))):
        yield from decodings(base64.b64decode(found[: len(found) // 4 * 4]), deep - 1)


def shown(cluster: Cluster) -> bytes:
    """Give all that the journal's Secrets show, in any decoding."""
    found = cluster.client.list("v1", "Secret", cluster.namespace, fields=f"type={SECRET_TYPE}").items
    assert found
    return b"\n".join(each for one in found for each in decodings(json.dumps(one).encode()))


def test_no_secret_of_a_run_and_its_undo_is_in_the_journal(cluster: Cluster, session: Session, key: Path) -> None:
    for wanted in (OLD, NEW):
        assert session.run(config(cluster, wanted, None)).exit_code == Exit.DONE
    assert OLD.encode() in shown(cluster), "without a key it is there, or this test would see nothing"
    for run in session.runs():
        session.locate(config(cluster, NEW, None)).store.remove(run.run)
    assert session.run(config(cluster, OLD, key)).exit_code == Exit.DONE
    made = config(cluster, NEW, key)
    run = session.run(made).run
    assert value(cluster) == NEW
    assert session.rollback(run, journal_of=made).status is Status.UNDONE
    assert value(cluster) == OLD
    story = session.story(run, journal_of=made)
    assert (story.status, story.clear, story.chained) == (Status.UNDONE, False, True)
    there = shown(cluster)
    assert [word for word in (OLD, NEW, KEY, "manifests") if word.encode() in there] == []


@pytest.mark.parametrize("text", [None, OTHER], ids=["no key", "another key"])
def test_without_its_key_a_run_is_locked_and_nothing_is_touched(
    cluster: Cluster, session: Session, key: Path, tmp_path: Path, noted: list[str], text: str | None
) -> None:
    good = session.run(config(cluster, OLD, key)).run
    run = killed(cluster, config(cluster, NEW, key))
    wrong = config(cluster, "third", file(tmp_path, text, "other") if text else None)
    assert [(one.run, one.status) for one in session.runs()] == [(run, Status.LOCKED), (good, Status.LOCKED)]
    assert any(run in note and "can't be read" in note for note in noted)
    for refused in (
        lambda: session.run(wrong),
        lambda: session.rollback(run, journal_of=wrong),
        lambda: session.finish(run, journal_of=wrong),
        lambda: session.resume(run, journal_of=wrong),
        lambda: session.story(run, journal_of=wrong),
        lambda: session.newest(wrong),
    ):
        with pytest.raises(Refused, match="encrypted with the key") as raised:
            refused()
        assert "STERNWAY_JOURNAL_KEY_FILE" in str(raised.value.remedy)
        assert KEY not in f"{raised.value}{raised.value.remedy}"
    (swept,) = session.sweep(journal_of=wrong)
    assert (swept.run, swept.status, swept.exit_code) == (run, Status.LOCKED, Exit.REFUSED)
    assert value(cluster) == NEW, "it is as the killed run left it"
    (swept,) = session.sweep(journal_of=config(cluster, NEW, key))
    assert (swept.status, value(cluster)) == (Status.UNDONE, OLD)


def test_a_tampered_entry_undoes_nothing_and_is_named(cluster: Cluster, session: Session, key: Path) -> None:
    made = config(cluster, NEW, key)
    assert session.run(config(cluster, OLD, key)).exit_code == Exit.DONE
    run = session.run(made).run
    record = Key(run, "deploy", "execute", 1)
    line = zlib.decompress(base64.b64decode(forging.secret_of(cluster.client, cluster.namespace, record)["data"]["0001.001-001"]))  # fmt: skip
    head = json.loads(line)
    box = bytearray(base64.b64decode(head["box"]))
    box[40] ^= 1
    forged = json.dumps({**head, "box": base64.b64encode(box).decode()}, separators=(",", ":"))
    forging.overwrite(cluster, record, {"0001.001-001": forging.packed(forged)})
    result = session.rollback(run, journal_of=made)
    assert (result.status, result.exit_code) == (Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED)
    assert "entry 1 was changed, or moved from elsewhere" in str(result.rollback_errors)
    assert value(cluster) == NEW


def test_what_somebody_forges_who_has_no_key_is_undone_by_nothing(
    cluster: Cluster, session: Session, key: Path
) -> None:
    """He writes a whole run in the clear, with right digests, which would put back what he likes."""
    honest = config(cluster, OLD, key)
    assert session.run(honest).exit_code == Exit.DONE
    evil = killed(cluster, config(cluster, NEW, None))
    with pytest.raises(Refused, match="not encrypted"):
        session.run(honest)
    (swept,) = session.sweep(journal_of=honest)
    assert (swept.run, swept.exit_code) == (evil, Exit.REFUSED)
    assert "not encrypted" in swept.message
    with pytest.raises(Refused, match="nothing undoes it by itself"):
        session.finish(evil, journal_of=honest)
    with pytest.raises(Refused, match="older than the journal's key, or somebody else wrote them"):
        session.rollback(evil, journal_of=honest)
    assert value(cluster) == NEW
    assert session.rollback(evil, journal_of=honest, trust_journal=True).status is Status.UNDONE
    assert value(cluster) == OLD


def test_a_journal_in_the_clear_is_gone_on_with_once_there_is_a_key(
    cluster: Cluster, session: Session, key: Path
) -> None:
    before = [session.run(config(cluster, wanted, None)).run for wanted in (OLD, NEW)]
    made = config(cluster, "third", key)
    after = session.run(made)
    assert after.status is Status.SUCCEEDED
    assert [one.status for one in session.runs(journal_of=made)] == [Status.SUCCEEDED] * 3
    assert session.rollback(after.run, journal_of=made).status is Status.UNDONE
    assert value(cluster) == NEW
    with pytest.raises(Refused, match="not encrypted"):
        session.rollback(before[1], journal_of=made)
    assert session.rollback(before[1], journal_of=made, approve=lambda _: True).status is Status.UNDONE
    assert value(cluster) == OLD


def test_a_new_key_before_the_old_one_reads_both(cluster: Cluster, session: Session, key: Path) -> None:
    assert session.run(config(cluster, OLD, key)).exit_code == Exit.DONE
    made = config(cluster, NEW, key)
    run = killed(cluster, made)
    key.write_text(f"{OTHER}\n{KEY}\n")
    assert session.run(config(cluster, "third", key)).status is Status.SUCCEEDED, "it undid what was interrupted first"
    assert session.story(run, journal_of=made).status is Status.UNDONE
    assert session.rollback(session.newest(made), journal_of=made).status is Status.UNDONE
    assert value(cluster) == OLD


@pytest.mark.parametrize("cluster", ["sandbox"], indirect=True)
def test_the_commands_take_the_key_from_a_configuration_or_the_environment(
    cluster: Cluster, key: Path, tmp_path: Path
) -> None:
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(config_map("m", a="1")))
    seen = tmp_path / "seen"
    program = f"import os; open({str(seen)!r}, 'w').write(repr(dict(os.environ)))"
    look = {"name": "look", "effects": "none", "execute": [sys.executable, "-c", program]}
    keys = {"name": "t", "namespace": cluster.namespace, "manifests": ["m.yaml"], "steps": [look, "deploy"]}
    plain, named = tmp_path / "plain.yaml", tmp_path / "named.yaml"
    plain.write_text(yaml.safe_dump(keys))
    named.write_text(yaml.safe_dump({**keys, "journal": {"key": {"file": key.name}}}))

    def said(*words: str, **environ: str) -> tuple[int, str]:
        done = sternway(*words, kubeconfig=cluster.kubeconfig, environ=environ)
        assert KEY not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    by_text, by_file = {"STERNWAY_JOURNAL_KEY": KEY}, {"STERNWAY_JOURNAL_KEY_FILE": str(key)}
    where = ("--namespace", cluster.namespace)
    assert said("run", "-c", str(plain), "--run", "r1", **by_text)[0] == Exit.DONE
    environ = seen.read_text()
    assert KEY not in environ
    assert "STERNWAY_RUN" in environ
    code, text = said("runs", *where)
    assert (code, "locked" in text, "STERNWAY_JOURNAL_KEY" in text or "encrypted with the key" in text) == (
        0,
        True,
        True,
    )
    for more, given in (((*where,), by_text), ((*where,), by_file), (("-c", str(named)), {})):
        code, text = said("runs", *more, **given)
        assert (code, "succeeded" in text, "locked" in text) == (0, True, False)
    code, text = said("show", "r1", "-c", str(named))
    assert (code, "look: done" in text) == (0, True)
    code, text = said("rollback", "r1", *where)
    assert (code, "encrypted with the key" in text) == (Exit.REFUSED, True)
    assert said("rollback", "r1", "-c", str(named))[0] == Exit.DONE
    code, text = said("runs", *where, STERNWAY_JOURNAL_KEY="")
    assert (code, "STERNWAY_JOURNAL_KEY holds no key" in text) == (Exit.REFUSED, True)
    code, text = said("config", "show", "-c", str(named), **by_text)
    assert (code, key.name in text) == (0, True)


def test_a_program_with_a_session_takes_the_key_from_its_environment_and_hands_it_to_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STERNWAY_JOURNAL_KEY", KEY)
    look = StepConfig("look", "command", {"runner": "process", "execute": ["sh", "-c", "env > seen"], "folder": str(tmp_path)}, effects="none")  # fmt: skip
    made = Config("t", "n", steps=(look,), journal=JournalConfig("file", path=str(tmp_path / "journal")))
    with Session(kubeconfig="/dev/null") as session:
        run = session.run(made).run
        assert session.story(run, journal_of=made).status is Status.SUCCEEDED
    seen = (tmp_path / "seen").read_text()
    assert ("STERNWAY_RUN=" in seen, KEY in seen) == (True, False)
    assert '"box":"' in (tmp_path / "journal" / run / "run.jsonl").read_text()


def test_a_key_may_be_in_a_secret_beside_the_application(cluster: Cluster, session: Session, other: str) -> None:
    """With the journal in a namespace apart, who reads one of them reads nothing."""
    held = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k", "namespace": cluster.namespace}}
    cluster.client.create({**held, "data": {"keys": base64.b64encode(KEY.encode()).decode()}}, manager="test")
    journal = JournalConfig(namespace=other, key=KeySource(secret="k", key="keys"))
    made = config_of(cluster.namespace, secret(OLD), steps=DEFAULT_STEPS[1:], journal=journal)
    run = session.run(made)
    assert run.status is Status.SUCCEEDED
    records = cluster.client.list("v1", "Secret", other, fields=f"type={SECRET_TYPE}").items
    assert records
    assert not any(OLD.encode() in each for one in records for each in decodings(json.dumps(one).encode()))
    assert session.rollback(run.name, journal_of=made).status is Status.UNDONE


def test_a_forged_record_of_another_key_is_named_and_the_rest_goes_on(
    cluster: Cluster, session: Session, key: Path, noted: list[str]
) -> None:
    made = config(cluster, OLD, key)
    assert session.run(made).exit_code == Exit.DONE
    began = Entry(Kind.RUN_STARTED, {"target": f"{cluster.namespace}.t", "config": {}}, "2031-01-01T00:00:00.000+00:00")
    forging.put(cluster, Key("odd"), began, keys=OTHER)
    listed = {one.run: one.status for one in session.runs(journal_of=made)}
    assert listed["odd"] is Status.LOCKED
    assert sorted(listed.values()) == [Status.LOCKED, Status.SUCCEEDED]
    assert any("odd" in note for note in noted)
