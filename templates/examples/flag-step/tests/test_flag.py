"""The contract, and what is the flag's own."""

from __future__ import annotations

from typing import Any

from flag_step import Flag
from sternway_steps.testing import StepContract, World


class TestFlag(StepContract):
    """The flag, switched on."""

    step = Flag
    options = {"configMap": "features", "key": "checkout", "value": "on"}

    def prepare(self, world: World) -> None:
        world.create(features({"checkout": "off", "other": "kept"}))

    def state(self, world: World) -> Any:
        found = world.read("v1", "ConfigMap", "features")
        return found and found["data"]


class TestNewFlag(TestFlag):
    """A flag that was not there before."""

    def prepare(self, world: World) -> None:
        world.create(features({"other": "kept"}))


def features(data: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "features"}, "data": data}
