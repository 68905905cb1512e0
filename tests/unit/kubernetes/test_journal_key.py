"""The key to the journal in generated pods: each that reads the journal mounts it, and no text of it is generated."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.registry.load import load_with_source
from sternway_steps.yamltree.errors import ConfigErrors

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.kubernetes.cronjob import cronjob

BASE = {"name": "web", "namespace": "shop", "image": "web:1", "port": 8080, "schedule": "30 2 * * *"}
KEY = {"secret": "sternway-journal", "key": "keys"}
MOUNT = {"name": "journal-key", "mountPath": "/journal-key", "readOnly": True}
VARIABLE = {"name": "STERNWAY_JOURNAL_KEY_FILE", "value": "/journal-key/keys"}
VOLUME = {"name": "journal-key", "secret": {"secretName": "sternway-journal", "items": [{"key": "keys", "path": "keys"}], "optional": True}}  # fmt: skip


def made(folder: Path, by: Any, key: dict[str, str] | None, **keys: Any) -> list[dict[str, Any]]:
    path = folder / "sternway.yaml"
    path.write_text(json.dumps({**BASE, "journal": {"key": key} if key else {}, **keys}))
    return list(by(*load_with_source(path)).values())


def pods(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for obj in objects:
        if obj["kind"] == "CronJob":
            yield obj["spec"]["jobTemplate"]["spec"]["template"]["spec"]


@pytest.mark.parametrize("by", [pipeline, cronjob])
def test_a_sweeper_and_a_cronjob_mount_it(tmp_path: Path, by: Any) -> None:
    found = list(pods(made(tmp_path, by, KEY)))
    assert len(found) == (1 if by is pipeline else 2)
    for pod in found:
        (container,) = pod["containers"]
        assert MOUNT in container["volumeMounts"]
        assert VARIABLE in container["env"]
        assert VOLUME in pod["volumes"]


@pytest.mark.parametrize("shape", ["each", "one"])
def test_every_container_of_a_workflow_mounts_it(tmp_path: Path, shape: str) -> None:
    spec = next(obj for obj in made(tmp_path, pipeline, KEY, argo={"pods": shape}) if obj["kind"] == "WorkflowTemplate")["spec"]  # fmt: skip
    assert VOLUME in spec["volumes"]
    shared = spec["templateDefaults"]["container"]
    assert MOUNT in shared["volumeMounts"]
    assert VARIABLE in shared["env"]
    sets = [each["containerSet"] for each in spec["templates"] if "containerSet" in each]
    assert bool(sets) == (shape == "one")
    for each in sets:
        assert MOUNT in each["volumeMounts"]
        assert all(VARIABLE in container["env"] for container in each["containers"])


@pytest.mark.parametrize("by", [pipeline, cronjob])
def test_without_a_key_nothing_is_mounted(tmp_path: Path, by: Any) -> None:
    assert "journal-key" not in json.dumps(made(tmp_path, by, None))


@pytest.mark.parametrize("by", [pipeline, cronjob])
def test_a_key_in_a_file_of_this_machine_is_refused_and_never_read(tmp_path: Path, by: Any) -> None:
    text = base64.b64encode(bytes(range(32))).decode()
    (tmp_path / "journal.key").write_text(text)
    with pytest.raises(ConfigErrors) as refused:
        made(tmp_path, by, {"file": "journal.key"})
    (error,) = refused.value.errors
    assert (error.field, "{secret: NAME, key: KEY}" in error.hint) == ("journal.key.file", True)
    assert text not in str(refused.value)


def test_no_text_of_it_reaches_a_generated_file_from_the_environment(tmp_path: Path) -> None:
    text = base64.b64encode(bytes(range(32))).decode()
    path = tmp_path / "sternway.yaml"
    path.write_text(json.dumps({**BASE, "journal": {"key": KEY}}))
    config, document = load_with_source(path, environ={"STERNWAY_JOURNAL_KEY": text, "STERNWAY_JOURNAL_KEY_FILE": "/x"})
    assert (config.journal.key is not None and config.journal.key.secret) == "sternway-journal"
    assert text not in json.dumps([pipeline(config, document), cronjob(config, document)])


@pytest.mark.parametrize(
    "key", [{}, {"file": "x", "secret": "y", "key": "z"}, {"secret": "y"}, {"key": "z"}, {"secret": "Y_", "key": "z"}]
)
def test_a_source_that_says_not_where_it_is_is_refused_with_its_place(tmp_path: Path, key: dict[str, str]) -> None:
    path = tmp_path / "sternway.yaml"
    path.write_text(json.dumps({**BASE, "journal": {"key": key}}))
    with pytest.raises(ConfigErrors, match=r"sternway\.yaml:1:.*journal\.key"):
        load_with_source(path)
