"""Journals that version 0.1.0 wrote, kept as data in tests/journals: they are read, and what can be undone is undone.

Each file holds what the journal told then (`runs`) and the cluster as it was left, journal included (`objects`);
the one of builds holds files and a registry instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.replay import Status, replay
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.events import Event, StepEnded
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.component.builtin.build.registry import Registry
from tests.conftest import ROOT
from tests.helpers import config_map, config_of

FOLDER = ROOT / "tests/journals"
CLUSTERS = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "build")


def kept(name: str) -> dict[str, Any]:
    return dict(json.loads((FOLDER / f"{name}.json").read_text()))


@contextmanager
def world(name: str, folder: Path) -> Iterator[tuple[Sandbox, Session]]:
    """Give the cluster as that version left it, and a session on it."""
    kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for obj in kept(name)["objects"]:
        group = obj["apiVersion"].rpartition("/")[0]
        kinds.setdefault((group, obj["kind"]), []).append(obj)
    version = max(int(obj["metadata"]["resourceVersion"]) for of in kinds.values() for obj in of)
    state = folder / "cluster.json"
    state.write_text(json.dumps({"version": version, "objects": list(kinds.items())}))
    with Sandbox(state) as sandbox, Session(kubeconfig=sandbox.kubeconfig, namespace="default") as session:
        yield sandbox, session


def told(session: Session, name: str) -> list[dict[str, Any]]:
    stories = [session.story(run["run"]) for run in kept(name)["runs"]]
    return [
        {
            "run": story.run, "target": story.target, "status": story.status.value, "stays": list(story.stays),
            "attempts": [f"{a.step} {a.action.value} {a.number} {a.result}" for a in story.attempts],
        }
        for story in stories
    ]  # fmt: skip


def value(client: Client, name: str, key: str) -> str | None:
    found = client.get(Ref("v1", "ConfigMap", "default", name))
    return found["data"].get(key) if found else None


def image(client: Client) -> str:
    found = client.get(Ref("apps/v1", "Deployment", "default", "web"))
    assert found is not None
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.mark.parametrize("name", CLUSTERS)
def test_an_old_journal_tells_what_it_told(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as (_, session):
        assert told(session, name) == kept(name)["runs"]
        assert {story.run for story in session.runs()} == {run["run"] for run in kept(name)["runs"]}


def test_runs_that_succeeded_are_undone_newest_first(tmp_path: Path) -> None:
    with world("succeeded", tmp_path) as (_, session):
        assert session.rollback("new", trust_journal=True).status is Status.UNDONE
        assert (value(session.client, "settings", "version"), image(session.client)) == ("old", "localhost/app:1")
        assert session.rollback("old", trust_journal=True).status is Status.UNDONE
        assert session.client.list("apps/v1", "Deployment", "default").items == []


def test_a_run_that_was_undone_is_left_as_it_is(tmp_path: Path) -> None:
    with world("undone", tmp_path) as (_, session):
        assert session.rollback("new", trust_journal=True).status is Status.UNDONE
        assert (value(session.client, "settings", "version"), image(session.client)) == ("old", "localhost/app:1")


def test_a_rollback_that_failed_is_finished_by_force(tmp_path: Path) -> None:
    with world("rollback-failed", tmp_path) as (_, session):
        assert session.rollback("new", trust_journal=True).status is Status.ROLLBACK_FAILED
        assert value(session.client, "settings", "version") == "theirs"
        assert session.rollback("new", on_conflict="force", trust_journal=True).status is Status.UNDONE
        assert (value(session.client, "settings", "version"), image(session.client)) == ("old", "localhost/app:1")


@pytest.mark.parametrize("name", ["interrupted", "rollback-cut-off"])
def test_what_was_cut_off_is_undone_when_a_person_says_so(name: str, tmp_path: Path) -> None:
    """That version wrote no digests: a record without them may be anybody's."""
    with world(name, tmp_path) as (_, session):
        later = config_of("default", config_map("settings", version="later"))
        later = Config.from_dict({**later.to_dict(), "name": "web"})
        with pytest.raises(Refused, match="no digests"):
            session.run(later)
        with pytest.raises(Refused, match="no digests"):
            session.finish("new")
        assert [swept.exit_code for swept in session.sweep()] == [Exit.REFUSED]
        with pytest.raises(Refused, match="no digests"):
            session.rollback("new")
        assert session.story("new").status is Status.INTERRUPTED
        assert session.rollback("new", approve=lambda _: True).status is Status.UNDONE
        assert session.run(later).status is Status.SUCCEEDED
        story = session.story("new")
        assert story.status is Status.UNDONE
        assert value(session.client, "settings", "version") == "later"
        assert image(session.client) == "localhost/app:1"


def test_what_ran_with_the_failed_settings_is_known_to_an_undo_that_goes_on(tmp_path: Path) -> None:
    """The cut off rollback recorded it among its intents."""
    with world("rollback-cut-off", tmp_path) as (_, session):
        events: list[Event] = []
        result = session.finish("new", events.append, trust_journal=True)
        assert result is not None
        assert result.status is Status.UNDONE
        whys = [item.why for event in events if isinstance(event, StepEnded) for item in event.items]
        assert any("settings (envFrom)" in why for why in whys), whys


def test_what_was_deleted_to_be_made_anew_is_made_anew(tmp_path: Path) -> None:
    """Nothing but the intent of the rollback that was cut off says what is missing."""
    with world("recreate-cut-off", tmp_path) as (_, session):
        assert session.client.get(Ref("v1", "ConfigMap", "default", "settings")) is None
        result = session.finish("new", trust_journal=True)
        assert result is not None
        assert result.status is Status.UNDONE
        found = session.client.get(Ref("v1", "ConfigMap", "default", "settings"))
        assert found is not None
        assert (found["data"], "immutable" in found) == ({"version": "old"}, False)


def test_groups_are_undone_made_in_one_process_or_step_by_step(tmp_path: Path) -> None:
    with world("group", tmp_path) as (_, session):
        assert session.rollback("stepwise", trust_journal=True).status is Status.UNDONE
        assert [value(session.client, name, "a") for name in ("one", "two")] == ["1", "1"]
        assert session.rollback("whole", trust_journal=True).status is Status.UNDONE
        assert [value(session.client, name, "a") for name in ("one", "two")] == [None, None]


def test_a_command_that_was_undone_is_not_undone_twice(tmp_path: Path) -> None:
    """How its undo ended stands among the intents of that rollback: so the version of then recorded it."""
    with world("command", tmp_path) as (_, session):
        events: list[Event] = []
        assert session.rollback("new", events.append, on_conflict="force", trust_journal=True).status is Status.UNDONE
        ends = {event.step: event.summary for event in events if isinstance(event, StepEnded)}
        assert ends["migrate"] == "undone before in this run"
        assert value(session.client, "settings", "version") == "old"


def test_builds_are_undone_from_a_journal_of_files(tmp_path: Path) -> None:
    data = kept("build")
    with Registry() as registry, Session(journal=str(tmp_path)) as session:
        for path, lines in data["files"].items():
            text = "".join(f"{line}\n" for line in lines)
            file = tmp_path / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(text.replace("REGISTRY", registry.host).replace("FOLDER/journal", str(tmp_path)))
        for name, digest, media, content in data["registry"]["manifests"]:
            registry.manifests[(name, digest)] = (media, content.encode())
        registry.blobs |= {digest: content.encode() for digest, content in data["registry"]["blobs"].items()}
        registry.tags |= {(name, tag): digest for name, tag, digest in data["registry"]["tags"]}
        assert told(session, "build") == data["runs"]
        first, second = (digest for _, digest, *_ in data["registry"]["manifests"])
        assert registry.tags[("shop/web", "1")] == second
        result = session.rollback("new", trust_journal=True)
        assert (result.exit_code, registry.tags[("shop/web", "1")]) == (Exit.DONE, first)
        assert session.rollback("old", trust_journal=True).exit_code == Exit.DONE
        assert registry.tags.get(("shop/web", "1")) not in (first, second)
        assert replay(FileStore(tmp_path).records("old")).status is Status.UNDONE
