"""What is rendered is rendered when the template is made: no pod has Helm, and all pods read the same objects."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config import ConfigErrors
from sternway_steps.registry.load import load, load_with_source

from tests.renderers import install
from tests.renderers.charts import chart

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.ci.parameters import pipeline_inputs
from sternway_templates.kubernetes.cronjob import cronjob
from sternway_templates.submit.submission import read_submission

CONF = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"
KEYS: dict[str, Any] = {
    "name": "web", "namespace": "shop", "schedule": "30 2 * * *", "hooks": "run", "manifests": ["-"],
    "chart": {"path": "web", "set": {"image": {"name": "a:1"}}}, "kustomize": "base",
}  # fmt: skip


@pytest.fixture(autouse=True)
def folders(home: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(bin_folder, monkeypatch, "helm", "kubectl")
    chart(home / "web", hook=True)
    (home / "base").mkdir()
    (home / "base/kustomization.yaml").write_text("resources: [c.yaml]\n")
    (home / "base/c.yaml").write_text(CONF.replace("more", "base"))
    write(KEYS)


def write(keys: dict[str, Any]) -> None:
    Path("sternway.yaml").write_text(yaml.safe_dump(keys))


@pytest.mark.parametrize("make", [pipeline, cronjob])
def test_the_pods_read_what_was_rendered(home: Path, bin_folder: Path, make: Any) -> None:
    config, document = load_with_source("sternway.yaml", stdin=io.StringIO(CONF))
    maps = [obj for obj in make(config, document).values() if obj["kind"] == "ConfigMap" and "sternway.yaml" in obj["data"]]  # fmt: skip
    (home / "pod").mkdir()
    for name, text in maps[0]["data"].items():
        (home / "pod" / name).write_text(text)
    (bin_folder / "helm").unlink()
    (bin_folder / "kubectl").unlink()
    in_pod = load("pod/sternway.yaml")
    assert [one.obj for one in in_pod.manifests] == [one.obj for one in config.manifests]
    assert [one.obj for one in in_pod.hooks] == [one.obj for one in config.hooks]
    assert len(in_pod.manifests) == 4
    assert not {"chart", "kustomize"} & set(yaml.safe_load(maps[0]["data"]["sternway.yaml"]))


def test_submit_and_template_agree_on_what_is_rendered(home: Path) -> None:
    submission = read_submission("sternway.yaml", (), {}, io.StringIO(CONF))
    config, document = load_with_source("sternway.yaml", stdin=io.StringIO(CONF))
    assert list(submission.objects) == list(pipeline(config, document).values())
    (home / "base/c.yaml").write_text(CONF.replace("more", "other"))
    changed = read_submission("sternway.yaml", (), {}, io.StringIO(CONF))
    assert changed.digest != submission.digest


def test_a_run_on_argo_can_change_nothing_that_is_rendered(home: Path) -> None:
    write({**KEYS, "manifests": [], "parameters": {"chart.set.image.name": {}}})
    with pytest.raises(ConfigErrors) as raised:
        pipeline(*load_with_source("sternway.yaml"))
    assert str(raised.value).startswith(
        "sternway.yaml:11:1: parameters.chart.set.image.name: what is rendered is rendered when the template is made, "
        "so no run can change it; leave it out"
    )
    assert "chart.set.image.name" in {each.path for each in pipeline_inputs("sternway.yaml", {}).changeable}
