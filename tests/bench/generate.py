"""Writing 1,000 pipelines as YAML: our dumper beside Hera's own `to_yaml()`.

The same objects are written by both: each of 1,000 WorkflowTemplates that the generator made of a configuration of its
own is held as the model that the generator builds (`hera.workflows.models.WorkflowTemplate`) and as Hera's class above
it (`hera.workflows.WorkflowTemplate`, through its `from_dict`), for only that one has `to_yaml()`. All are built before
the clock runs. Measured is, in turn, in one process:

- Hera: `template.to_yaml()`, which builds the model, gives it as data and writes that.
- ours, Hera's objects: `to_yaml([template.to_dict()])`; the same objects, so that the dumper alone makes the difference.
- ours, as generated: `to_yaml([data(model)])`, which is what the generator does.
- the whole way: from the configuration as it was read to the text of all objects, rights and ConfigMap too.

What the ways write is read back and compared before anything is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml
from sternway_steps.registry.load import load_with_source

from tests.bench.measure import Cost, in_turn, table

PIPELINES = 1000
CONFIG = """name: web-{number}
namespace: shop
image: ghcr.io/example/web:1.4.{number}
port: 8080
replicas: 2
env: {{LEVEL: info, REVISION: "{number}e3"}}
verify: {{deadline: 2m, http: [{{path: /ready}}]}}
parameters: {{env.LEVEL: {{description: How much it tells.}}}}
"""


def generate(folder: Path, rounds: int) -> None:
    """Measure the dumpers, and the generator as a whole."""
    from hera.workflows import WorkflowTemplate, models
    from sternway_templates.argo.models import data
    from sternway_templates.argo.pipeline import pipeline
    from sternway_templates.yaml_text import to_yaml

    def read(number: int) -> Any:
        file = folder / f"{number}.yaml"
        file.write_text(CONFIG.format(number=number))
        return load_with_source(file)

    configs = [read(number) for number in range(PIPELINES)]
    made = [_template(pipeline(*config)) for config in configs]
    as_models = [models.WorkflowTemplate.model_validate(template) for template in made]
    as_hera: list[Any] = [WorkflowTemplate.from_dict(template) for template in made]
    ways: tuple[tuple[str, Callable[[Any], str], Iterable[Any]], ...] = (
        ("Hera: template.to_yaml()", lambda template: template.to_yaml(), as_hera),
        ("ours, Hera's objects: to_yaml([template.to_dict()])", lambda template: to_yaml([template.to_dict()]), as_hera),
        ("ours, as generated: to_yaml([data(model)])", lambda model: to_yaml([data(model)]), as_models),
        ("the whole way, all objects", lambda config: to_yaml(pipeline(*config).values()), configs),
    )  # fmt: skip
    for _, write, objects in ways[:3]:
        for number, one in enumerate(objects):
            if number % 100 == 0:
                assert yaml.safe_load(write(one)) == made[number], "the same object was written as another one"
    costs = in_turn(rounds, *(_timed(write, objects) for _, write, objects in ways))
    rows = [(f"{PIPELINES} pipelines", "s", "ms each", "Hera takes")]
    for (name, _, objects), cost in zip(ways, costs, strict=True):
        # The whole way does more than Hera's part, so there is nothing to compare it with.
        times = "" if objects is configs else f"{costs[0].wall / cost.wall:.1f}x as long"
        rows.append((name, f"{cost.wall:.2f}", f"{cost.wall / PIPELINES * 1000:.2f}", times))
    table(f"Generate (medians of {rounds})", rows)


def _template(objects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return next(obj for obj in objects.values() if obj["kind"] == "WorkflowTemplate")


def _timed(write: Callable[[Any], str], objects: Iterable[Any]) -> Callable[[int], Cost]:
    def run(_: int) -> Cost:
        began = time.monotonic()
        for one in objects:
            write(one)
        return Cost(time.monotonic() - began, 0, 0)

    return run
