"""How a run applies an object, on the sandbox and on a real API server: only onto what its snapshot saw."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.builtin.deploy.step import Deploy
from sternway_steps.errors import Failed, Transient
from sternway_steps.kube.api_error import ApiError
from sternway_steps.objects.ref import Ref
from sternway_steps.objects.run_annotation import RUN
from sternway_steps.release.apply import Applied, Applier
from sternway_steps.step import Context, History

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment, until


def placed(cluster: Cluster, obj: dict[str, Any]) -> dict[str, Any]:
    return {**obj, "metadata": {**obj["metadata"], "namespace": cluster.namespace}}


def gone(cluster: Cluster, name: str) -> None:
    cluster.client.delete(Ref("v1", "ConfigMap", cluster.namespace, name), uid=None, propagation="Background")
    until(lambda: cluster.get("v1", "ConfigMap", name) is None)


def apply(cluster: Cluster, obj: dict[str, Any], before: dict[str, Any] | None, *, force: bool = False) -> Applied:
    done: list[Applied] = []
    applier = Applier(cluster.client, "r1", "sternway", force, lambda *_: None, lambda: None, done.append)
    applier.apply([obj], {Ref.of(obj): before})
    return done[0]


def test_an_apply_with_a_resource_version_alone_creates_what_is_gone_and_a_uid_holds_it(cluster: Cluster) -> None:
    obj = placed(cluster, config_map("m", a="1"))
    before = cluster.client.apply(obj, manager="one").obj["metadata"]
    gone(cluster, "m")
    held = {key: before[key] for key in ("uid", "resourceVersion")}
    with pytest.raises(ApiError) as raised:
        cluster.client.apply({**obj, "metadata": {**obj["metadata"], **held}}, manager="one")
    assert raised.value.conflict
    assert cluster.get("v1", "ConfigMap", "m") is None
    del held["uid"]
    assert cluster.client.apply({**obj, "metadata": {**obj["metadata"], **held}}, manager="one").created


def test_another_uid_is_no_conflict_but_a_field_that_can_not_be_changed(cluster: Cluster) -> None:
    obj = placed(cluster, config_map("m", a="1"))
    cluster.client.apply(obj, manager="one")
    other = {"uid": "00000000-0000-0000-0000-000000000000"}
    with pytest.raises(ApiError) as raised:
        cluster.client.apply({**obj, "metadata": {**obj["metadata"], **other}}, manager="one")
    assert (raised.value.status, "metadata.uid" in str(raised.value)) == (422, True)


@pytest.mark.parametrize("force", [False, True])
def test_fields_of_others_are_named_before_a_stale_resource_version(cluster: Cluster, force: bool) -> None:
    from sternway_steps.kube.api_error import conflicts

    cluster.client.apply(placed(cluster, config_map("m", a="1")), manager="one")
    stale = placed(cluster, config_map("m", a="2"))
    stale["metadata"]["resourceVersion"] = "1"
    with pytest.raises(ApiError) as raised:
        cluster.client.apply(stale, manager="two", force=force)
    assert raised.value.conflict
    assert conflicts(raised.value) == ([] if force else [("data.a", "one")])


@pytest.mark.parametrize("force", [False, True])
def test_an_object_that_went_after_its_snapshot_is_not_created(cluster: Cluster, force: bool) -> None:
    obj = placed(cluster, config_map("m", a="1"))
    before = cluster.client.apply(obj, manager="sternway").obj
    gone(cluster, "m")
    with pytest.raises(Transient, match="deleted by somebody else"):
        apply(cluster, obj, before, force=force)
    assert cluster.get("v1", "ConfigMap", "m") is None


@pytest.mark.parametrize("force", [False, True])
def test_an_object_that_came_after_its_snapshot_is_not_touched(cluster: Cluster, force: bool) -> None:
    theirs = cluster.client.create(placed(cluster, config_map("m", a="1")), manager="somebody")
    with pytest.raises(Transient, match="created by somebody else"):
        apply(cluster, placed(cluster, config_map("m", a="1")), None, force=force)
    assert cluster.get("v1", "ConfigMap", "m") == theirs


def test_an_object_that_was_made_anew_after_its_snapshot_is_not_touched(cluster: Cluster) -> None:
    obj = placed(cluster, config_map("m", a="1"))
    before = cluster.client.create(obj, manager="somebody")
    gone(cluster, "m")
    theirs = cluster.client.create(obj, manager="somebody")
    with pytest.raises(Transient, match="made anew by somebody else"):
        apply(cluster, placed(cluster, config_map("m", b="2")), before)
    assert cluster.get("v1", "ConfigMap", "m") == theirs


def test_a_field_that_changed_after_the_snapshot_is_not_overwritten(cluster: Cluster) -> None:
    obj = placed(cluster, config_map("m", a="1"))
    before = cluster.client.apply(obj, manager="sternway").obj
    cluster.client.patch(Ref.of(obj), {"data": {"b": "theirs"}}, manager="somebody")
    with pytest.raises(Transient, match="changed by somebody else"):
        apply(cluster, placed(cluster, config_map("m", a="2")), before)


@pytest.mark.parametrize("there", [True, False])
def test_a_write_whose_answer_was_lost_is_known_again_by_its_annotation(cluster: Cluster, there: bool) -> None:
    """The transport sends it a second time, onto what the first one made."""
    before = cluster.client.apply(placed(cluster, config_map("m", a="1")), manager="sternway").obj if there else None
    obj = placed(cluster, config_map("m", a="2"))
    first = apply(cluster, obj, before)
    again = apply(cluster, obj, before)
    assert (first.exact, again.exact) == (True, False)
    assert (first.created, again.created) == (not there, not there)
    assert again.uid == first.uid
    assert again.fields == (("data.a",) if there else ())


class Book:
    """A journal that remembers what was written, and what was in the cluster by then."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.written: list[tuple[str, list[str], list[str]]] = []

    def intent(self, data: Any) -> None:
        self._write("intent", [entry["applied"]["metadata"]["name"] for entry in data["objects"]])

    def evidence(self, data: Any) -> None:
        self._write("evidence", [entry["ref"][3] for entry in data["objects"]])

    def _write(self, what: str, names: list[str]) -> None:
        kinds = (("v1", "ConfigMap"), ("apps/v1", "Deployment"), ("networking.k8s.io/v1", "Ingress"))
        found = (item for kind in kinds for item in self._cluster.client.list(*kind, self._cluster.namespace).items)
        there = sorted(obj["metadata"]["name"] for obj in found if RUN in (obj["metadata"].get("annotations") or {}))
        self.written.append((what, sorted(names), there))

    def history(self) -> History:
        return History()


def deployed(cluster: Cluster, book: Any, *objects: dict[str, Any]) -> None:
    config = config_of(cluster.namespace, *objects)
    Deploy().execute(Context("r1", "deploy", 1, config, {}, book, lambda: cluster.client, target="shop.web"))


def test_evidence_is_written_when_a_wave_is_done_and_once_a_wave(cluster: Cluster) -> None:
    book = Book(cluster)
    maps = [f"m{n}" for n in range(30)]
    deployed(cluster, book, deployment("web", replicas=0), *(config_map(name, a="1") for name in maps))
    assert book.written == [
        ("intent", sorted([*maps, "web"]), []),
        ("evidence", sorted(maps), sorted(maps)),
        ("evidence", ["web"], sorted([*maps, "web"])),
    ]


def test_of_a_wave_that_fails_what_was_done_is_recorded(cluster: Cluster) -> None:
    book, bad = Book(cluster), deployment("web", replicas=-1)
    with pytest.raises(Failed, match=r"spec\.replicas"):
        deployed(cluster, book, config_map("m", a="1"), bad, deployment("good", replicas=0))
    assert book.written[1] == ("evidence", ["m"], ["m"])
    assert [names for what, names, _ in book.written[2:] if what == "evidence"] in ([], [["good"]])


def test_the_first_error_stays_when_the_evidence_of_a_failed_wave_can_not_be_written(cluster: Cluster) -> None:
    class Away(Book):
        def evidence(self, data: Any) -> None:
            raise Transient("the journal is away")

    with pytest.raises(Failed, match=r"spec\.replicas"):
        deployed(cluster, Away(cluster), deployment("good", replicas=0), deployment("web", replicas=-1))
    with pytest.raises(Transient, match="the journal is away"):
        deployed(cluster, Away(cluster), config_map("m", a="1"), deployment("other", replicas=0))
    assert cluster.get("apps/v1", "Deployment", "other") is None


def test_an_item_of_a_list_that_is_one_value_goes_to_whoever_applies_it_by_force(cluster: Cluster) -> None:
    """As an owner reference: told from the others by its uid, and owned as a whole."""
    from sternway_steps.kube.api_error import conflicts

    uid = "3b63c9a5-52a5-4b1b-8a5e-9a3f3c0d7e11"
    nobody = {"apiVersion": "none.sternway.test/v1", "kind": "None", "uid": uid}
    plain = placed(cluster, config_map("m", a="1"))
    one, other = (
        {**plain, "metadata": {**plain["metadata"], "ownerReferences": [{**nobody, "name": name}]}} for name in "ab"
    )
    cluster.client.apply(one, manager="one")
    cluster.client.apply(one, manager="two")
    cluster.client.apply(plain, manager="two")
    with pytest.raises(ApiError) as raised:
        cluster.client.apply(other, manager="two")
    assert conflicts(raised.value) == [(f'metadata.ownerReferences[uid="{uid}"]', "one")]
    taken = cluster.client.apply(other, manager="two", force=True).obj["metadata"]
    owners = [entry["manager"] for entry in taken["managedFields"] if uid in str(entry["fieldsV1"])]
    assert (taken["ownerReferences"][0]["name"], owners) == ("b", ["two"])


def test_a_map_that_is_one_field_is_owned_as_a_whole(cluster: Cluster) -> None:
    """As the server's schema says it (x-kubernetes-map-type: atomic)."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    ingress = {
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
        "spec": {"defaultBackend": backend, "ingressClassName": "none"},
    }  # fmt: skip
    terms = [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    pods = deployment("web", replicas=0)
    pods["spec"]["template"]["spec"] |= {"affinity": {"nodeAffinity": required}}
    quota = {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "web"},
        "spec": {"scopeSelector": {"matchExpressions": [{"scopeName": "BestEffort", "operator": "Exists"}]}},
    }  # fmt: skip
    for obj, path in (
        (ingress, ("defaultBackend", "service", "port")),
        (pods, ("template", "spec", "affinity", "nodeAffinity", *required)),
        (quota, ("scopeSelector",)),
    ):
        (entry,) = cluster.client.apply(placed(cluster, obj), manager="one", dry_run=True).obj["metadata"][
            "managedFields"
        ]
        owned = entry["fieldsV1"]["f:spec"]
        for part in path:
            owned = owned[f"f:{part}"]
        assert owned == {}, path
