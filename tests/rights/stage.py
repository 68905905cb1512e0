"""A namespace in which a generated account plays: with all its rights, or without one of them."""

from __future__ import annotations

import json
import logging
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sternway_steps.config import Config
from sternway_steps.errors import SternwayError
from sternway_steps.kube.discovery import Resource
from sternway_steps.objects.ref import Ref
from sternway_steps.registry.load import load, load_with_source
from sternway_steps.saga.event_json import as_data
from sternway_steps.saga.events import Event
from sternway_steps.saga.result import Result
from sternway_steps.session import Session
from sternway_steps.yamltree.document import Node

from tests.helpers import until
from tests.rights.granted import Granted, binding_of, less

Obj = dict[str, Any]
ROLES = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


@dataclass(frozen=True)
class Case:
    """A configuration, what is deployed as its version 1, 2, …, and the plays that need its rights."""

    name: str
    objects: Callable[[Stage, int], list[Obj]]
    plays: tuple[Callable[[Stage], None], ...]
    keys: Mapping[str, Any] = field(default_factory=dict)
    roles: Callable[[Config, Node], Mapping[str, Obj]] | None = None
    """What generates the Roles; default for a CronJob."""
    real: bool = True
    """Whether a cluster has all that it takes."""


class Differs(AssertionError):
    """A play did not end as it does with all rights; its text is all that was told."""


class Stage:
    """One case in namespaces of its own. `sandbox` says that no real cluster is meant."""

    def __init__(self, kubeconfig: str, case: Case, folder: Path) -> None:
        self.case, self.folder, self.kubeconfig = case, folder, kubeconfig
        self.id = uuid.uuid4().hex[:8]
        self.namespace, self.other = f"rights-{self.id}", f"rights-{self.id}-b"
        self.admin = Session(kubeconfig=kubeconfig, namespace=self.namespace)
        self._told: list[str] = []
        for name in (self.namespace, self.other):
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self._generated = [obj for obj in self._objects() if obj["kind"] in ROLES]
        if not any(obj["kind"].endswith("Binding") for obj in self._generated):
            self._generated += [binding_of(role, self.namespace) for role in self._generated]
        self.account = Session(kubeconfig=str(self._acting()), namespace=self.namespace)
        # What asks for its rights beforehand is told that it has them all: here the requests themselves decide.
        self._asking = self.account.client.can_i
        self.account.client.can_i = lambda *_: True  # type: ignore[method-assign]

    def granted(self) -> list[Granted]:
        """Return what the Roles grant."""
        found = set()
        for obj in self._generated:
            where = obj["metadata"].get("namespace", "")
            for rule in obj.get("rules", ()):
                triples = ((g, r, v) for g in rule["apiGroups"] for r in rule["resources"] for v in rule["verbs"])
                found |= {Granted(where, *triple) for triple in triples}
        return sorted(found)

    def grant(self, without: Granted | None = None) -> None:
        """Put the Roles into force, less one right, and wait until the server holds to it."""
        for obj in self._generated:
            self.admin.client.apply(less(obj, without), manager="test", force=True)
        for right in self.granted():
            until(lambda right=right: self._may(right) is (right != without), 20, f"{right}, without {without}")

    def config(self, version: int, **keys: Any) -> Config:
        """Write the configuration with a version of its objects, and read it."""
        return self._loaded(version, keys)[0]

    def prepare(self, version: int, **keys: Any) -> str:
        """Deploy a version with all rights there are; gives the run."""
        result = self.admin.run(self.config(version, **keys))
        assert result.exit_code == 0, result
        return result.run

    def run(self, version: int, status: str = "succeeded", **keys: Any) -> Result:
        """Deploy a version as the account; raises Differs for another end."""
        return self.held(lambda: self.account.run(self.config(version, **keys), self.tell), status)

    def rollback(self, run: str, status: str = "undone", **keys: Any) -> None:
        """Undo a run as the account."""
        written = load(self.folder / "sternway.yaml")
        self.held(lambda: self.account.rollback(run, self.tell, journal_of=written, **keys), status)

    def expect(self, holds: bool, what: str) -> None:
        """Raise Differs unless something holds."""
        if not holds:
            raise Differs("\n".join([what, *self._told]))

    def told(self, text: str) -> bool:
        """Tell whether something was told."""
        return any(text in line for line in self._told)

    def tell(self, event: Event) -> None:
        """Keep what is told, and what went wrong on a way forward that succeeded all the same."""
        self._told.append(json.dumps(as_data(event)))

    def create(self, obj: Obj) -> Obj:
        """Create something with all rights."""
        return self.admin.client.create(obj, manager="test")

    def get(self, api_version: str, kind: str, name: str) -> Obj | None:
        """Read something with all rights."""
        return self.admin.client.get(Ref(api_version, kind, self.namespace, name))

    def list(self, api_version: str, kind: str) -> list[Obj]:
        """List something with all rights."""
        return self.admin.client.list(api_version, kind, self.namespace).items

    def held(self, act: Callable[[], Result | None], status: str) -> Result:
        """Do something as the account; raises Differs for another end."""
        with _warnings(self._told, self.namespace):
            try:
                result = act()
            except SternwayError as error:
                self._told.append(str(error))
                raise Differs("\n".join(self._told)) from error
            except Exception as error:
                self._told.append(f"{type(error).__name__}: {error}")
                raise Differs("\n".join(self._told)) from error
        assert result is not None
        self.expect(result.status.value == status and result.unrecorded is None, f"{result}")
        return result

    def _loaded(self, version: int, keys: Mapping[str, Any]) -> tuple[Config, Node]:
        (self.folder / "m.yaml").write_text(yaml.safe_dump_all(self.case.objects(self, version)))
        verify = {"deadline": "30s", "grace": {"pull": "1s", "restarts": 1}}
        base = {
            "name": "web", "namespace": self.namespace, "manifests": ["m.yaml"], "steps": ["deploy"], "history": 1,
            "verify": verify, "schedule": "0 0 1 1 *", "rollbackDeadline": "40s", "deadline": "60s",
        }  # fmt: skip
        given = {**base, **self.case.keys, **keys}
        given["verify"] = {**verify, **given["verify"]}
        text = json.dumps(given).replace("OTHER", self.other)
        (self.folder / "sternway.yaml").write_text(text)
        return load_with_source(self.folder / "sternway.yaml")

    def _objects(self) -> list[Obj]:
        from sternway_templates.kubernetes.cronjob import cronjob

        return list((self.case.roles or cronjob)(*self._loaded(1, {})).values())

    def _acting(self) -> Path:
        access = yaml.safe_load(Path(self.kubeconfig).read_text())
        user = f"system:serviceaccount:{self.namespace}:sternway-web"
        for each in access["users"]:
            each["user"]["as"] = user
        for each in access["contexts"]:
            each["context"]["namespace"] = self.namespace
        path = self.folder / "kubeconfig"
        path.write_text(yaml.safe_dump(access))
        path.chmod(0o600)
        return path

    def _may(self, right: Granted) -> bool:
        plural, _, sub = right.resource.partition("/")
        version = f"{right.group}/v1" if right.group else "v1"
        return self._asking(right.verb, Resource(version, "", plural, True, ()), right.where or None, sub)

    def general(self, right: Granted) -> Granted:
        """Name a right as in any stage of the case."""
        where = {self.namespace: "HERE", self.other: "THERE"}.get(right.where, right.where)
        return Granted(where, right.group.replace(self.id, "ID"), right.resource, right.verb)

    def special(self, right: Granted) -> Granted:
        """Name a right as in this stage."""
        where = {"HERE": self.namespace, "THERE": self.other}.get(right.where, right.where)
        return Granted(where, right.group.replace("ID", self.id), right.resource, right.verb)

    def close(self) -> None:
        """Take it all away."""
        client = self.admin.client
        for obj in (*self._generated, *self.case.objects(self, 1)):
            if obj["kind"].startswith("Cluster") or obj["kind"] in ("CustomResourceDefinition", "PriorityClass"):
                client.delete(Ref.of(obj), uid=None, propagation="Background")
        for name in (self.namespace, self.other):
            client.delete(Ref("v1", "Namespace", None, name), uid=None, propagation="Background")
        self.account.close()
        self.admin.close()


@contextmanager
def _warnings(told: list[str], namespace: str) -> Iterator[None]:
    """Keep what is logged of a namespace: other stages play at the same time."""

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if namespace in (text := record.getMessage()):
                told.append(text)

    handler, logger = Kept(), logging.getLogger("sternway")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextmanager
def stage(kubeconfig: str, case: Case) -> Iterator[Stage]:
    """Give a stage; its namespaces go with it."""
    with tempfile.TemporaryDirectory(prefix="sternway-rights-") as folder:
        made = Stage(kubeconfig, case, Path(folder))
        try:
            yield made
        finally:
            made.close()


__all__ = ["Case", "Differs", "Granted", "Stage", "stage"]
