"""Our own steps pass the suite that third parties get, on the sandbox and on a real cluster."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from sternway_steps.builtin.deploy.step import SPEC as DEPLOY
from sternway_steps.builtin.deploy.step import Deploy
from sternway_steps.builtin.validate.step import Validate
from sternway_steps.builtin.verify.step import Verify
from sternway_steps.config import Config, Manifest
from sternway_steps.testing import StepContract, World

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment, state_of

NEW = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "new"}, "stringData": {"a": "1"}}


class Deployed(StepContract):
    """What all of them work on: a ConfigMap and a Deployment that are there, in an older version."""

    most = 10
    replicas: ClassVar[int] = 1

    def prepare(self, world: World) -> None:
        for obj in (config_map("m", a="1", b="1"), deployment("d", "localhost/app:1", self.replicas)):
            obj["metadata"]["namespace"] = world.namespace
            world.client.apply(obj, manager="sternway")

    def config(self, world: World) -> Config:
        return config_of(
            world.namespace, config_map("m", a="2", c="3"), deployment("d", "localhost/app:2", self.replicas)
        )

    def state(self, world: World) -> Any:
        from sternway_steps.objects.ref import Ref

        names = (("v1", "ConfigMap", "m"), ("apps/v1", "Deployment", "d"), ("v1", "Secret", "new"))
        return [state_of(world.client.get(Ref(version, kind, world.namespace, name))) for version, kind, name in names]


class TestValidate(Deployed):
    step = Validate
    others = (DEPLOY,)


class TestDeploy(Deployed):
    step = Deploy


class TestHooks(Deployed):
    step = Deploy
    options: ClassVar[dict[str, str]] = {"hooks": "before"}
    most = 6

    def config(self, world: World) -> Config:
        notes = {"helm.sh/hook": "pre-install, pre-upgrade", "helm.sh/hook-delete-policy": "hook-succeeded"}
        run = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "b:1", "command": ["true"]}]}
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": {"spec": run}}}
        hooks = [
            {**obj, "metadata": {**obj["metadata"], "annotations": notes}} for obj in (config_map("m", a="2"), job)
        ]
        return config_of(world.namespace, hooks=tuple(Manifest(hook, "test:1") for hook in hooks))

    def state(self, world: World) -> Any:
        return super().state(world), world.client.list("batch/v1", "Job", world.namespace).items


class TestDeployOfWhatIsNew(Deployed):
    step = Deploy

    def prepare(self, world: World) -> None:
        pass

    def config(self, world: World) -> Config:
        return config_of(world.namespace, config_map("m", a="1"), NEW)


class TestDeployOfSome(TestDeploy):
    options: ClassVar[dict[str, str]] = {"selector": "tier=base"}

    def config(self, world: World) -> Config:
        chosen = config_map("m", a="2", c="3")
        chosen["metadata"]["labels"] = {"tier": "base"}
        return config_of(world.namespace, chosen, deployment("d", "localhost/app:2"))


class TestVerify(Deployed):
    step = Verify

    def config(self, world: World) -> Config:
        return config_of(world.namespace, deployment("d", "localhost/app:1"))


class Real:
    """The same on a real cluster; there every point takes its time."""

    most = 3

    @pytest.fixture
    def sternway_kubeconfig(self, real: Cluster) -> str:
        return real.kubeconfig


@pytest.mark.cluster
class TestValidateOnACluster(Real, TestValidate):
    pass


@pytest.mark.cluster
class TestDeployOnACluster(Real, TestDeploy):
    # No pods: how long they take to come and go says nothing of the step.
    replicas = 0


@pytest.mark.cluster
class TestDeployOfWhatIsNewOnACluster(Real, TestDeployOfWhatIsNew):
    pass


@pytest.mark.cluster
class TestVerifyOnACluster(Real, TestVerify):
    replicas = 1
