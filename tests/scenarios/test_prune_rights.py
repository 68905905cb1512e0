"""What is no longer named is removed with the generated rights; and what it takes along is seen, or it stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sternway_steps.objects.ref import Ref

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from tests.conftest import Cluster
from tests.helpers import config_map
from tests.rights.granted import Granted
from tests.rights.stage import Case, Stage, stage

RBAC = "rbac.authorization.k8s.io"
GOING = ("m", "owner")


def objects(_: Stage, version: int) -> list[dict[str, Any]]:
    return [config_map("stays", a=str(version)), *(config_map(name) for name in GOING if version == 1)]


@pytest.fixture
def staged(cluster: Cluster) -> Iterator[Stage]:
    """Give a stage whose target has deployed what it will no longer name; somebody made something for a part of it."""
    with stage(cluster.kubeconfig, Case("prune", objects, (), {"deploy": {"prune": True}})) as made:
        made.prepare(1)
        found = made.admin.client.get(Ref("v1", "ConfigMap", made.namespace, "owner"))
        assert found is not None
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": found["metadata"]["uid"]}
        theirs = {"name": "theirs", "namespace": made.namespace, "ownerReferences": [owner]}
        made.create({"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": theirs, "rules": []})
        yield made


def there(staged: Stage) -> set[str]:
    client, namespace = staged.admin.client, staged.namespace
    asked = [Ref("v1", "ConfigMap", namespace, name) for name in GOING]
    found = [client.get(ref) for ref in (*asked, Ref(f"{RBAC}/v1", "Role", namespace, "theirs"))]
    return {obj["metadata"]["name"] for obj in found if obj is not None}


def stays(staged: Stage) -> dict[str, str]:
    """Give why what is no longer named stays, as the account sees it."""
    return {one.ref.name: one.why for one in staged.account.plan(staged.config(2)).previews if one.result == "stay"}


def test_what_others_made_for_it_is_seen_whatever_its_kind(staged: Stage) -> None:
    staged.grant()
    told = stays(staged)
    assert set(told) == {"owner"}
    assert f"it owns role.{RBAC}/theirs in {staged.namespace}, which would go with it" in told["owner"]
    staged.run(2)
    assert there(staged) == {"owner", "theirs"}


def test_where_a_kind_can_not_be_listed_all_of_it_stays_and_that_is_named(staged: Stage) -> None:
    staged.grant(Granted(staged.namespace, "*", "*", "list"))
    told = stays(staged)
    assert set(told) == set(GOING)
    assert all("what it owns can't be told: " in why and "(not allowed to look)" in why for why in told.values())
    staged.run(2)
    assert there(staged) == {*GOING, "theirs"}
