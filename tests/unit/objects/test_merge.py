"""Putting back exactly what a run changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sternway_steps.objects.applied import AppliedRun
from sternway_steps.objects.merge import OnConflict, diff, three_way_merge
from sternway_steps.objects.object_merge import ObjectMerge, merge_object
from sternway_steps.objects.order import waves
from sternway_steps.objects.ref import Ref
from sternway_steps.objects.shape import Marks
from sternway_steps.objects.states import Owned, States, Undone
from sternway_steps.objects.tree import ABSENT, name_of, tree, trees, untree
from sternway_steps.release.recreate import Recreation
from sternway_steps.release.restore import Change

CONTAINERS = {"f:spec": {"f:containers": {'k:{"name":"a"}': {".": {}, "f:image": {}}, 'k:{"name":"b"}': {".": {}}}}}

CONTAINERS_ALONE = {"f:c": {'k:{"name":"a"}': {}, 'k:{"name":"b"}': {}}}


def obj(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x", "resourceVersion": "1"}, "spec": spec}


def merged(
    before: Any, after: Any, live: Any, policy: OnConflict = OnConflict.STOP, marks: Any = None
) -> tuple[Any, list[str]]:
    """Merge by values alone, as if the run had applied everything and whoever else wrote owned all that is there."""
    nodes = trees([before, after, live], Marks(marks))
    owned = Owned(others=everything(nodes[2]))
    states = States(
        nodes[0], nodes[1], nodes[2], nodes[1], owned_before=Owned(ours=everything(nodes[0])), owned_live=owned
    )
    found = three_way_merge(states, policy)
    return untree(found.node)["spec"], [name_of(d.path) for d in found.conflicts]


def everything(node: Any) -> Any:
    return {part: everything(below) for part, below in node.items()} if isinstance(node, dict) else {}


CASES = {
    "a value goes back": ({"a": 1}, {"a": 2}, {"a": 2}, {"a": 1}, []),
    "what was added goes": ({}, {"a": {"b": 1}}, {"a": {"b": 1}}, {}, []),
    "what was removed comes back": ({"a": {"b": 1}}, {}, {}, {"a": {"b": 1}}, []),
    "what others added stays": ({"a": 1}, {"a": 2}, {"a": 2, "z": 9}, {"a": 1, "z": 9}, []),
    "what others changed stays": ({"a": 1, "r": 1}, {"a": 2, "r": 1}, {"a": 2, "r": 5}, {"a": 1, "r": 5}, []),
    "what others removed stays away": ({"a": 1, "r": 1}, {"a": 2, "r": 1}, {"a": 2}, {"a": 1}, []),
    "already back": ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 1}, []),
    "ours changed by others": ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 3}, ["spec.a"]),
    "ours removed by others": ({"a": 1}, {"a": 2}, {}, {}, ["spec.a"]),
    "others put something into ours": ({}, {"a": {"b": 1}}, {"a": {"b": 1, "z": 9}}, {"a": {"z": 9}}, []),
    "null is a value": ({"a": None}, {"a": 1}, {"a": 1}, {"a": None}, []),
    "an atomic list goes back whole": ({"a": [1, 2]}, {"a": [2]}, {"a": [2]}, {"a": [1, 2]}, []),
    "true is not 1": ({"a": True}, {"a": 1}, {"a": 1}, {"a": True}, []),
}


@pytest.mark.parametrize("case", CASES)
def test_three_ways(case: str) -> None:
    before, after, live, wanted, conflicts = CASES[case]
    assert merged(obj(**before), obj(**after), obj(**live)) == (wanted, conflicts)


def test_force_puts_ours_back() -> None:
    assert merged(obj(a=1), obj(a=2), obj(a=3), OnConflict.FORCE) == ({"a": 1}, [])


def test_items_are_told_apart_by_their_keys_and_keep_their_order() -> None:
    before = obj(containers=[{"name": "a", "image": "1"}, {"name": "b", "image": "1"}])
    after = obj(containers=[{"name": "b", "image": "2"}, {"name": "a", "image": "1"}])
    live = obj(containers=[{"name": "side", "image": "9"}, {"name": "b", "image": "2"}, {"name": "a", "image": "1"}])
    spec, conflicts = merged(before, after, live, marks=CONTAINERS)
    assert conflicts == []
    assert spec["containers"] == [
        {"name": "side", "image": "9"}, {"name": "a", "image": "1"}, {"name": "b", "image": "1"},
    ]  # fmt: skip


def test_paths_read_as_users_know_them() -> None:
    path = ("f:spec", "f:containers", 'k:{"name":"a"}', "f:image")
    assert name_of(path) == "spec.containers[name=a].image"
    assert name_of(("f:metadata", "f:annotations", "f:example.com/x")) == "metadata.annotations[example.com/x]"
    assert name_of(("f:metadata", "f:finalizers", 'v:"x"')) == 'metadata.finalizers["x"]'


def test_differences_name_single_fields() -> None:
    found = diff(tree({"a": {"b": 1, "c": 2}}, {}), tree({"a": {"b": 3}, "d": 4}, {}))
    assert [(name_of(d.path), d.old, d.new) for d in found] == [("a.b", 1, 3), ("a.c", 2, ABSENT), ("d", ABSENT, 4)]


def test_a_list_in_another_order_differs_by_its_order_alone() -> None:
    old, new = trees(
        [{"c": [{"name": "a"}, {"name": "b"}]}, {"c": [{"name": "b"}, {"name": "a"}]}], Marks(CONTAINERS_ALONE)
    )
    (found,) = diff(old, new)
    assert (name_of(found.path), found.order) == ("c", True)
    assert not any(d.order for d in diff(old, tree({"c": []}, CONTAINERS_ALONE)))


def test_a_map_of_the_run_that_is_empty_without_what_others_removed_goes_and_is_told() -> None:
    nodes = trees([obj(), obj(m={"a": {"b": 1}, "c": 1}), obj(m={"a": {"b": 1}})], Marks(None))
    owned_live = Owned(others=everything(nodes[2]))
    found = three_way_merge(States(*nodes, nodes[1], owned_before=Owned(), owned_live=owned_live), OnConflict.MERGE)
    assert untree(found.node)["spec"] == {}
    assert [name_of(path) for path in found.emptied] == ["spec.m"]


def owned(spec: dict[str, Any], **managers: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {
            "manager": name,
            "operation": "Apply" if name == "sternway" else "Update",
            "apiVersion": "v1",
            "fieldsV1": {"f:spec": fields},
        }
        for name, fields in managers.items()
    ]
    return {**obj(**spec), "metadata": {"name": "x", "managedFields": entries}}


@pytest.mark.parametrize(
    ("before", "applied", "live", "wanted"),
    [
        (owned({"a": 1}), {"a": 2}, owned({"a": 2}, sternway={"f:a": {}}), {"a": 2}),
        (owned({"a": 1}), {"a": 2}, owned({"a": 3}, edit={"f:a": {}}), {"a": 2}),
        (owned({"a": 1, "r": 1}), {"a": 2}, owned({"a": 2, "r": 5}, sternway={"f:a": {}}, hpa={"f:r": {}}), {"a": 2, "r": 1}),
        (owned({"a": 1, "b": 1}, sternway={"f:a": {}, "f:b": {}}), {"a": 1}, owned({"a": 1}, sternway={"f:a": {}}), {"a": 1}),
        (owned({}), {"p": {"x": 1}}, owned({"p": {"x": 1, "default": 7}}, sternway={"f:p": {"f:x": {}}}), {"p": {"x": 1, "default": 7}}),
    ],
    ids=["ours", "changed by others", "others' field", "removed by us", "a default inside ours"],
)  # fmt: skip
def test_lost_evidence_is_read_from_the_owners(before: Any, applied: Any, live: Any, wanted: Any) -> None:
    assert untree(lost(before, obj(**applied), live).states.after)["spec"] == wanted


def lost(before: Any, applied: Any, live: Any) -> ObjectMerge:
    """Merge when the record of what the apply made is lost."""
    live = {**live, "metadata": {**live["metadata"], "resourceVersion": "2"}}
    live["metadata"]["annotations"] = {**live["metadata"].get("annotations", {}), "sternway.dev/run": "r"}
    return merge_object(before, live, AppliedRun("r", "sternway", applied), OnConflict.STOP, None)


def test_owners_get_back_what_the_undo_took() -> None:
    before = owned({"a": 1, "b": 1}, sternway={"f:a": {}}, gitops={"f:b": {}})
    live = {**owned({"a": 1, "b": 1}, gitops={}), "metadata": {"name": "x", "managedFields": []}}
    live["metadata"]["managedFields"] = [
        {
            "manager": "sternway-rollback",
            "operation": "Update",
            "apiVersion": "v1",
            "fieldsV1": {"f:spec": {"f:a": {}, "f:b": {}}},
        },
        {"manager": "hpa", "operation": "Update", "apiVersion": "v1", "fieldsV1": {"f:spec": {"f:r": {}}}},
    ]
    found = lost(before, obj(a=2, b=1), live)
    entries = found.owners.entries(live, [])
    got = {entry["manager"]: entry["fieldsV1"] for entry in entries}
    assert got == {
        "sternway": {"f:spec": {"f:a": {}}},
        "gitops": {"f:spec": {"f:b": {}}},
        "hpa": {"f:spec": {"f:r": {}}},
    }


def test_items_keep_their_owners_where_only_the_order_of_their_list_goes_back() -> None:
    """The run added `a` and moved it; others changed a field of it: theirs it stays, for the next look as well."""
    a, b, c = 'k:{"name":"a"}', 'k:{"name":"b"}', 'k:{"name":"c"}'
    both: dict[str, Any] = {b: {".": {}, "f:name": {}}, c: {".": {}, "f:name": {}}}
    theirs = {"f:items": {a: {".": {}, "f:name": {}, "f:on": {}}}}
    before = owned({"items": [{"name": "b"}, {"name": "c"}]}, sternway={"f:items": both})
    after = owned(
        {"items": [{"name": "a", "on": 1}, {"name": "c"}, {"name": "b"}]},
        sternway={"f:items": {**both, **theirs["f:items"]}},
    )
    live = owned(
        {"items": [{"name": "a", "on": 2}, {"name": "c"}, {"name": "b"}]},
        sternway={"f:items": {**both, a: {".": {}, "f:name": {}}}}, argocd=theirs,
    )  # fmt: skip
    applied = {"spec": {"items": after["spec"]["items"]}}
    found = merge_object(before, live, AppliedRun("r", "sternway", applied, after), OnConflict.MERGE, None)
    assert [name_of(d.path) for d in found.restored] == ["spec.items"]
    assert [item["name"] for item in found.obj["spec"]["items"]] == ["a", "b", "c"]
    got = {entry["manager"]: entry["fieldsV1"]["f:spec"] for entry in found.owned_again(live, found.restored)}
    assert got == {"sternway": {"f:items": both}, "argocd": theirs}


@pytest.mark.parametrize(("differs", "result"), [("revision", "restored"), ("owner", "kept")])
def test_what_a_controller_wrote_beside_the_status_of_an_object_made_anew_is_no_difference(
    differs: str, result: str
) -> None:
    """A Deployment that is made anew counts its revisions from one."""
    before: Any = {**obj(a=1), "metadata": {"name": "x", "annotations": {"revision": "2", "owner": "2"}}}
    marks = {"f:metadata": {"f:annotations": {"f:revision": {}}}}
    written = [{"manager": "controller", "operation": "Update", "subresource": "status", "fieldsV1": marks}]
    notes = {**before["metadata"]["annotations"], differs: "1"}
    live = {**before, "metadata": {"name": "x", "annotations": notes, "managedFields": written}}
    change = Change(ref=Ref.of(before), before=before, applied=before, recreating=True)
    how: Any = None  # nothing is asked or written
    assert Recreation(how, change, before).existing(live).result == result


def test_what_others_removed_is_not_owned_again_where_the_undo_left_its_map_empty() -> None:
    before = owned({"m": {"theirs": 1}}, argocd={"f:m": {"f:theirs": {}}})
    after = owned({"m": {"theirs": 1, "ours": 1}}, sternway={"f:m": {"f:ours": {}}}, argocd={"f:m": {"f:theirs": {}}})
    live = owned({"m": {"ours": 1}}, sternway={"f:m": {"f:ours": {}}}, argocd={"f:x": {}})
    run = AppliedRun("r", "sternway", {"spec": {"m": {"ours": 1}}}, after)
    found = merge_object(before, live, run, OnConflict.STOP, None)
    assert found.obj["spec"] == {"m": {}}
    written = owned(found.obj["spec"], **{"argocd": {"f:x": {}}, "sternway-rollback": {"f:m": {}}})
    assert owners_after(found, written) == {"argocd": {"f:x": {}}}


def test_waves_put_first_what_others_need() -> None:
    kinds = [
        "ValidatingWebhookConfiguration",
        "Deployment",
        "Shop",
        "ConfigMap",
        "CustomResourceDefinition",
        "Namespace",
        "Ingress",
    ]
    made = waves({"kind": kind} for kind in kinds)
    assert [[o["kind"] for o in wave] for wave in made] == [
        ["Namespace"], ["CustomResourceDefinition"], ["ConfigMap"], ["Deployment", "Shop"], ["Ingress"],
        ["ValidatingWebhookConfiguration"],
    ]  # fmt: skip


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["x", "y"]),
    lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=3) | st.lists(below, max_size=3),
    max_leaves=8,
)
SPECS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@given(SPECS, SPECS)
def test_what_nobody_else_touched_comes_back_exactly(before: Any, after: Any) -> None:
    assert merged(obj(**before), obj(**after), obj(**after)) == (before, [])
    assert merged(obj(**before), obj(**after), obj(**before)) == (before, [])


@given(SPECS, SPECS, SPECS)
def test_an_undo_that_ran_changes_nothing_more(before: Any, after: Any, live: Any) -> None:
    once, conflicts = merged(obj(**before), obj(**after), obj(**live), OnConflict.FORCE)
    assert conflicts == []
    assert merged(obj(**before), obj(**after), obj(**once), OnConflict.FORCE) == (once, [])


@given(SPECS, SPECS)
def test_what_the_run_did_not_touch_stays_as_it_is(before: Any, live: Any) -> None:
    assert merged(obj(**before), obj(**before), obj(**live)) == (live, [])


def test_what_a_controller_wrote_beside_its_status_is_no_doing_of_the_run() -> None:
    """The revision of a Deployment: its annotation comes with the status, after the apply whose evidence was lost."""

    def revision(number: str) -> dict[str, Any]:
        notes = {"f:metadata": {"f:annotations": {".": {}, "f:revision": {}}}}
        written = [
            {"manager": "sternway", "operation": "Apply", "fieldsV1": {"f:spec": {"f:a": {}}}},
            {"manager": "controller", "operation": "Update", "subresource": "status", "fieldsV1": notes},
        ]
        metadata = {"name": "x", "resourceVersion": number, "annotations": {"revision": number}}
        return {**obj(a=int(number)), "metadata": {**metadata, "managedFields": written}}

    before, live = revision("1"), revision("2")
    found = lost(before, obj(a=2), live)
    assert found.obj["spec"] == {"a": 1}
    assert found.obj["metadata"]["annotations"] == {"revision": "2"}


def recorded(before: Any, applied: Any, after: Any, live: Any) -> tuple[Any, list[str]]:
    """Merge, with what the apply made on record; give what is left of the spec, and what is in conflict."""
    found = merge_object(before, live, AppliedRun("r", "sternway", {"spec": applied}, after), OnConflict.MERGE, None)
    return found.obj["spec"], [name_of(d.path) for d in found.conflicts]


def test_what_others_set_and_gave_up_again_is_theirs() -> None:
    """They took a field of ours, and listed it no more: the server put a default there, which nobody owns."""
    applied = {"probe": {"port": 80, "period": 5}}
    after = owned(applied, sternway={"f:probe": {"f:port": {}, "f:period": {}}})
    live = owned({"probe": {"port": 80, "period": 10}}, sternway={"f:probe": {"f:port": {}}})
    assert recorded(owned({}), applied, after, live) == ({"probe": {"period": 10}}, ["spec.probe.period"])


def test_what_the_server_put_into_a_map_of_others_is_theirs() -> None:
    """The run removed a map; others set it anew as an empty one, and own it alone."""
    ours = {"f:kind": {}, "f:rolling": {"f:most": {}}}
    before = owned({"kind": "a", "rolling": {"most": 1}}, sternway=ours)
    after = owned({"kind": "b"}, sternway={"f:kind": {}})
    live = owned({"kind": "b", "rolling": {"most": 0}}, sternway={"f:kind": {}}, argocd={"f:rolling": {}})
    wanted = {"kind": "a", "rolling": {"most": 0}}
    assert recorded(before, {"kind": "b"}, after, live) == (wanted, ["spec.rolling.most"])


def owners_after(found: ObjectMerge, live: Any, *more: Any) -> dict[str, Any]:
    """Give who owns what of the spec after the undo."""
    put = [d.path for d in (*found.restored, *more)]
    return {entry["manager"]: entry["fieldsV1"].get("f:spec") for entry in found.owners.entries(live, put)}


def test_others_own_again_what_the_run_applied_in_another_form_when_its_evidence_is_lost() -> None:
    """A list that is one value: the server adds a default in it, so what both applied is another than what is there."""
    stored = [{"port": 1, "protocol": "TCP"}]
    before = owned({"ports": stored, "zone": "a"}, argocd={"f:ports": {}, "f:zone": {}})
    live = owned({"ports": stored, "zone": "a"}, sternway={"f:ports": {}, "f:zone": {}})
    found = lost(before, obj(ports=[{"port": 1}], zone="a"), live)
    assert found.restored == []
    # What it applied in the same form, it shared: only its owner itself can have given that up.
    assert owners_after(found, live) == {"argocd": {"f:ports": {}}}


def test_others_own_again_an_empty_map_that_the_run_applied_too_when_its_evidence_is_lost() -> None:
    """A ConfigMap's `data` that is empty is not stored, so the apply takes it from its owner."""
    before, live = owned({}, argocd={"f:data": {}, "f:x": {}}), owned({}, sternway={"f:data": {}}, argocd={"f:x": {}})
    assert owners_after(lost(before, obj(data={}), live), live) == {"argocd": {"f:data": {}, "f:x": {}}}


def test_a_zero_is_owned_again_after_an_undo_that_was_cut_off() -> None:
    """A zero is owned and not stored; the undo removed what the run had set, and nothing says who owned that."""
    before = owned({"a": 1}, sternway={"f:a": {}, "f:zero": {}})
    after = owned({"a": 2, "zero": 5}, sternway={"f:a": {}, "f:zero": {}})
    run = AppliedRun("r", "sternway", obj(a=2, zero=5), after)
    cut = owned({"a": 1}, **{"sternway-rollback": {"f:a": {}}})
    found = merge_object(before, cut, run, OnConflict.STOP, None)
    assert [name_of(d.path) for d in found.cleared] == ["spec.zero"]
    assert owners_after(found, cut, *found.cleared) == {"sternway": {"f:a": {}, "f:zero": {}}}
    by_others = owned({"a": 2}, sternway={"f:a": {}})
    assert merge_object(before, by_others, run, OnConflict.STOP, None).cleared == []


def test_a_zero_is_owned_again_though_the_first_write_of_the_undo_only_removed_something() -> None:
    """Nobody owns what was removed, so no entry of managedFields tells of that write."""
    before = owned({"a": 1}, argocd={"f:a": {}, "f:zero": {}})
    after = owned({"a": 1, "zero": 5}, argocd={"f:a": {}}, sternway={"f:a": {}, "f:zero": {}})
    cut = owned({"a": 1}, argocd={"f:a": {}}, sternway={"f:a": {}})
    for recorded in (after, None):
        run = AppliedRun("r", "sternway", obj(a=1, zero=5), recorded)
        found = merge_object(before, cut, run, OnConflict.STOP, None, Undone(earlier=True))
        assert [name_of(d.path) for d in found.cleared] == ["spec.zero"]
        assert owners_after(found, cut, *found.cleared) == {"argocd": {"f:a": {}, "f:zero": {}}}
        assert merge_object(before, cut, run, OnConflict.STOP, None).cleared == []


def test_a_zero_that_others_dropped_is_not_owned_again_by_an_undo_that_is_repeated() -> None:
    """The first one came to its end: the run's manager owns no more than before."""
    before = owned({"a": 1}, sternway={"f:a": {}, "f:zero": {}})
    live = owned({"a": 1}, sternway={"f:a": {}})
    found = merge_object(
        before, live, AppliedRun("r", "sternway", obj(a=2, zero=5)), OnConflict.STOP, None, Undone(earlier=True)
    )
    assert found.cleared == []


def test_who_came_by_a_field_after_the_first_write_of_an_undo_keeps_it() -> None:
    """That write took it from all others, so what others own of it now they have applied since."""
    before, after = owned({"a": 1}, sternway={"f:a": {}}), owned({"a": 2}, sternway={"f:a": {}})
    cut = owned({"a": 1}, argocd={"f:a": {}}, **{"sternway-rollback": {"f:a": {}}})
    for recorded in (after, None):
        found = merge_object(before, cut, AppliedRun("r", "sternway", obj(a=2), recorded), OnConflict.STOP, None)
        assert owners_after(found, cut) == {"sternway": {"f:a": {}}, "argocd": {"f:a": {}}}


def test_what_an_undo_wrote_proves_that_the_run_came_though_nothing_of_it_is_left() -> None:
    """Annotation and fields went with the first write; what the run had set, somebody has set again."""
    before = owned({"a": 1}, sternway={"f:a": {}})
    live = owned({"a": 1, "b": 2}, argocd={"f:b": {}}, sternway={"f:a": {}}, **{"sternway-rollback": {"f:c": {}}})
    for obj_ in (before, live):
        obj_["metadata"]["managedFields"][-1]["time"] = "2026-01-01T00:00:00Z"
    found = merge_object(before, live, AppliedRun("r", "sternway", obj(a=1, b=3)), OnConflict.STOP, None)
    assert [name_of(d.path) for d in found.conflicts] == ["spec.b"]


def test_an_item_that_others_made_anew_is_not_claimed_again() -> None:
    """Its key is as before the run; owned by us again, the next look would take it for the run's."""
    item = {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:image": {}}}
    before = owned({"x": 1, "items": [{"name": "a", "image": "1"}]}, sternway={"f:x": {}, "f:items": item})
    after = owned({"x": 2}, sternway={"f:x": {}})
    live = owned({"x": 2, "items": [{"name": "a", "image": "9"}]}, sternway={"f:x": {}}, argocd={"f:items": item})
    found = merge_object(before, live, AppliedRun("r", "sternway", obj(x=2), after), OnConflict.MERGE, None)
    assert [name_of(d.path) for d in found.conflicts] == ["spec.items[name=a].image"]
    entries = {e["manager"]: e["fieldsV1"]["f:spec"] for e in found.owned_again(live, found.restored)}
    assert entries == {"sternway": {"f:x": {}}, "argocd": {"f:items": item}}


def test_others_own_again_what_the_run_applied_as_data_and_as_text_when_its_evidence_is_lost() -> None:
    """A Secret's `stringData` goes before its `data`, so the `data` that both applied is not what is stored."""
    both = {"f:data": {"f:a": {}}, "f:stringData": {"f:a": {}}}
    before, live = ({**owned({}), "kind": "Secret", "data": {"a": "Mg=="}} for _ in range(2))
    for one, manager in ((before, "argocd"), (live, "sternway")):
        one["metadata"] = {**one["metadata"], "managedFields": [
            {"manager": manager, "operation": "Apply", "apiVersion": "v1", "fieldsV1": both},
        ]}  # fmt: skip
    applied = {"kind": "Secret", "metadata": {"name": "x"}, "data": {"a": "MQ=="}, "stringData": {"a": "2"}}
    found = merge_object(before, live, AppliedRun("r", "sternway", applied), OnConflict.STOP, None)
    assert [(e["manager"], e["fieldsV1"]) for e in found.owned_again(live, [])] == [("argocd", both)]


def test_two_entries_of_one_manager_are_one_owner() -> None:
    """The server splits an entry when it writes the replicas of a Deployment for somebody."""
    before, live = owned({"a": 1, "b": 1}, sternway={"f:a": {}}), owned({"a": 2, "b": 5, "c": 1}, sternway={"f:a": {}})
    live["metadata"]["managedFields"] += [
        {"manager": "editor", "operation": "Update", "apiVersion": "v1", "fieldsV1": {"f:spec": {"f:b": {}}}},
        {"manager": "editor", "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
         "fieldsV1": {"f:spec": {"f:c": {}}}},
    ]  # fmt: skip
    found = merge_object(before, live, AppliedRun("r", "sternway", obj(a=2)), OnConflict.STOP, None)
    assert owners_after(found, live) == {"sternway": {"f:a": {}}, "editor": {"f:b": {}, "f:c": {}}}


def test_what_others_put_into_an_item_that_a_cut_undo_had_put_back_is_theirs() -> None:
    item = {'k:{"name":"a"}': {".": {}, "f:name": {}}}
    before = owned({"items": [{"name": "a"}]}, sternway={"f:items": item})
    live = owned(
        {"items": [{"name": "a", "weight": 2}]},
        argocd={"f:items": {'k:{"name":"a"}': {"f:weight": {}}}}, **{"sternway-rollback": {"f:items": item}},
    )  # fmt: skip
    found = merge_object(before, live, AppliedRun("r", "sternway", obj(), owned({})), OnConflict.STOP, None)
    assert [name_of(d.path) for d in found.conflicts] == ["spec.items[name=a].weight"]


def test_data_that_the_run_left_to_the_text_of_the_same_key_is_owned_again_when_its_evidence_is_lost() -> None:
    text = {"f:stringData": {"f:a": {}}}
    before, live = ({**owned({}), "kind": "Secret", "data": {"a": "Mg=="}} for _ in range(2))
    for one, fields in ((before, {**text, "f:data": {"f:a": {}}}), (live, {**text, "f:data": {}})):
        one["metadata"] = {**one["metadata"], "managedFields": [
            {"manager": "sternway", "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields},
        ]}  # fmt: skip
    applied = {"kind": "Secret", "metadata": {"name": "x"}, "data": {}, "stringData": {"a": "2"}}
    found = merge_object(before, live, AppliedRun("r", "sternway", applied), OnConflict.STOP, None)
    assert [e["fieldsV1"] for e in found.owned_again(live, [])] == [{**text, "f:data": {"f:a": {}}}]


def test_an_item_of_the_run_in_which_others_changed_an_order_is_in_conflict() -> None:
    """Nobody owns an order, so only the record tells."""
    marks = {"f:name": {}, "f:ranks": {"v:1": {}, "v:2": {}}}
    ours = {"f:items": {'k:{"name":"a"}': {".": {}, **marks}}}
    after, live = (owned({"items": [{"name": "a", "ranks": ranks}]}, sternway=ours) for ranks in ([2, 1], [1, 2]))
    found = merge_object(owned({}), live, AppliedRun("r", "sternway", obj(), after), OnConflict.MERGE, None)
    assert [name_of(d.path) for d in found.conflicts] == ["spec.items[name=a].ranks"]
    assert found.obj["spec"] == live["spec"]
    lost_ = lost(owned({}), obj(items=[{"name": "a", "ranks": [2, 1]}]), live)
    assert [name_of(d.path) for d in lost_.conflicts] == ["spec.items[name=a].ranks"]
