"""How an object was right after an apply whose record was lost: each row of the table beside the code."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sternway_steps.objects.applied import AppliedRun
from sternway_steps.objects.merge import OnConflict
from sternway_steps.objects.object_merge import ObjectMerge, merge_object
from sternway_steps.objects.reconstruct import unexplained
from sternway_steps.objects.shape import Marks, Schema, go_json
from sternway_steps.objects.states import Undone
from sternway_steps.objects.tree import ABSENT, name_of, tree, trees, untree

OURS, THEIRS, NOBODY = ("sternway",), ("editor",), ()
BACK, LEFT, CONFLICT = "comes back", "stays", "conflict"

# applied, before, its owners, live, its owners: what becomes of it.
ROWS: dict[str, tuple[Any, Any, tuple[str, ...], Any, tuple[str, ...], str]] = {
    "ours still": (2, 1, OURS, 2, OURS, BACK),
    "ours and theirs, with our value": (2, 1, OURS, 2, (*OURS, *THEIRS), BACK),
    "taken from others by force": (2, 1, THEIRS, 2, OURS, BACK),
    "added by us": (2, ABSENT, NOBODY, 2, OURS, BACK),
    "changed after us": (2, 1, OURS, 3, THEIRS, CONFLICT),
    "changed after us, and we had left it as it was": (1, 1, OURS, 3, THEIRS, LEFT),
    "a number where text is stored": (1, "1", OURS, "3", THEIRS, LEFT),
    "the server's form of what we applied": (2, "1", NOBODY, "2", NOBODY, BACK),
    "removed after us": (2, 1, OURS, ABSENT, NOBODY, CONFLICT),
    "added by us, removed after us": (2, ABSENT, NOBODY, ABSENT, NOBODY, LEFT),
    "no longer listed by us": (ABSENT, 1, OURS, ABSENT, NOBODY, BACK),
    "no longer listed by us, and a default in its place": (ABSENT, 3, OURS, 1, NOBODY, BACK),
    "no longer listed by us, and set by others since": (ABSENT, 1, OURS, 3, THEIRS, CONFLICT),
    "no longer listed by us, kept by others": (ABSENT, 1, (*OURS, *THEIRS), 1, THEIRS, LEFT),
    "removed by others": (ABSENT, 1, THEIRS, ABSENT, NOBODY, LEFT),
    "changed by others": (ABSENT, 1, THEIRS, 3, THEIRS, LEFT),
    "added by others": (ABSENT, ABSENT, NOBODY, 3, THEIRS, LEFT),
    "a default that others changed": (ABSENT, 1, NOBODY, 3, THEIRS, LEFT),
    "as it was": (2, 1, OURS, 1, THEIRS, LEFT),
}


def owned(spec: dict[str, Any], managers: tuple[str, ...], note: str, *more: str) -> dict[str, Any]:
    marks = {"f:spec": {"f:x": {}, **{f"f:{name}": {} for name in more}}}
    entries = [
        {"manager": name, "operation": "Apply" if name == "sternway" else "Update", "apiVersion": "v1",
         "fieldsV1": marks if name in managers else {"f:spec": {f"f:{one}": {} for one in more}}}
        for name in {*managers, *(("sternway",) if more else ())}
    ]  # fmt: skip
    metadata = {"name": "x", "annotations": {"sternway.dev/run": note}, "managedFields": entries}
    return {"apiVersion": "v1", "kind": "X", "metadata": metadata, "spec": spec}


def spec_of(value: Any, **beside: Any) -> dict[str, Any]:
    return beside if value is ABSENT else {"x": value, **beside}


def merged(before: Any, applied: Any, live: Any, policy: OnConflict = OnConflict.STOP) -> ObjectMerge:
    return merge_object(before, live, AppliedRun("run", "sternway", applied), policy, None)


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_table(row: str) -> None:
    applied, before, owners, live, now, becomes = ROWS[row]
    found = merged(
        owned(spec_of(before), owners, "earlier"), {"spec": spec_of(applied)}, owned(spec_of(live), now, "run")
    )
    wanted = before if becomes is BACK else live
    assert found.obj["spec"] == spec_of(wanted)
    assert bool(found.conflicts) is (becomes is CONFLICT)


@pytest.mark.parametrize(("beside", "becomes"), [(2, BACK), (1, LEFT)], ids=["run", "others"])
def test_what_nobody_owns_goes_with_what_stands_beside_it(beside: int, becomes: str) -> None:
    """As a Service's node port, or a strategy's defaults: who changed the type, changed them."""
    before = owned({"type": 1, "default": 1, "x": 1}, THEIRS, "earlier", "type")
    applied = {"spec": {"type": beside}}
    live = owned({"type": beside, "x": 1 if beside == 2 else 5}, THEIRS, "run", "type")
    found = merged(before, applied, live)
    assert found.obj["spec"].get("default", ABSENT) == (1 if becomes is BACK else ABSENT)
    assert found.conflicts == []


def test_what_others_changed_and_gave_up_again_is_not_of_a_run_that_lists_what_was_there() -> None:
    before, live = owned({"x": 1, "y": 1}, OURS, "earlier", "y"), owned({"x": 5, "y": 2}, NOBODY, "run", "y")
    found = merged(before, {"spec": {"x": 1, "y": 2}}, live)
    assert (found.obj["spec"], found.conflicts) == ({"x": 5, "y": 1}, [])


def test_what_an_undo_has_concluded_holds_when_an_owner_comes_who_divides_the_value_further() -> None:
    """A server without a schema: `x` was one value by its owners, until others wrote `x.a`."""
    before = owned({"x": {"a": 1, "b": 1}, "y": 1}, THEIRS, "earlier", "y")
    live = owned({"x": {"a": 5, "b": 1}, "y": 1}, OURS, "earlier", "y")
    live["metadata"]["managedFields"].append(
        {"manager": "third", "operation": "Update", "fieldsV1": {"f:spec": {"f:x": {"f:a": {}}}}}
    )
    concluded = {**before, "spec": {"x": {"a": 1, "b": 1}, "y": 2}}
    run = AppliedRun("run", "sternway", {"spec": {"x": {}, "y": 2}})
    found = merge_object(before, live, run, OnConflict.MERGE, None, Undone(after=concluded))
    assert (found.obj["spec"], found.restored) == ({"x": {"a": 5, "b": 1}, "y": 1}, [])


def test_replicas_that_were_scaled_are_others_though_nobody_owns_them() -> None:
    """A scale of a field that nobody owned leaves no owner (kube-apiserver 1.34)."""
    before = {**owned({"replicas": 1, "x": 1}, OURS, "earlier")}
    live = owned({"replicas": 5, "x": 2}, OURS, "run")
    assert merged(before, {"spec": {"x": 2}}, live).obj["spec"] == {"replicas": 5, "x": 1}
    listed = merged(before, {"spec": {"x": 2, "replicas": 1}}, live)
    assert (listed.obj["spec"], listed.conflicts) == ({"replicas": 5, "x": 1}, [])


def test_what_the_run_took_over_and_no_longer_lists_is_of_it_whatever_the_server_put_in_its_place() -> None:
    """The record is there: kubectl had applied x = 2, the run dropped it, the default 1 came, and others wrote 3."""
    before, after, live = (owned({"x": x}, who, note) for x, who, note in (
        (2, ("kubectl-client-side-apply",), "earlier"), (1, NOBODY, "run"), (3, THEIRS, "run"),
    ))  # fmt: skip
    claimed = owned({"x": 2}, OURS, "earlier")["metadata"]["managedFields"]
    found = merge_object(
        before, live, AppliedRun("run", "sternway", {"spec": {}}, after, claimed), OnConflict.STOP, None
    )
    assert [(d.path, d.old, d.new) for d in found.conflicts] == [(("f:spec", "f:x"), 2, 3)]


def recorded(
    before: Any, applied: Any, after: Any, live: Any, policy: OnConflict = OnConflict.STOP, **more: Any
) -> ObjectMerge:
    """Merge when the record of what the apply made is there."""
    applied = {"spec": applied}
    return merge_object(before, live, AppliedRun("run", "sternway", applied, after), policy, Schema({}, {}), **more)


def test_others_are_said_to_have_changed_a_default_in_what_the_run_applied() -> None:
    """An autoscaler's behaviour, applied by the run as {}: the server filled it in, and others changed one of that."""
    before = owned({"x": 1}, OURS, "earlier")
    after = owned({"x": 1, "behavior": {"down": "Max", "up": "Max"}}, OURS, "run", "behavior")
    live = owned({"x": 1, "behavior": {"down": "Min", "up": "Max"}}, OURS, "run", "behavior")
    theirs = {"f:spec": {"f:behavior": {"f:down": {}}}}
    live["metadata"]["managedFields"].append({"manager": "editor", "operation": "Update", "fieldsV1": theirs})
    for undone in (Undone(), Undone(frozenset({("f:spec", "f:behavior")}))):  # and so while the undo is at work
        found = recorded(before, {"x": 1, "behavior": {}}, after, live, undone=undone)
        assert [name_of(d.path) for d in found.conflicts] == ["spec.behavior.down"]
    assert recorded(before, {"x": 1, "behavior": {}}, after, live, OnConflict.FORCE).obj["spec"] == {"x": 1}


def test_what_the_server_drew_anew_for_others_is_a_conflict_and_what_it_made_of_an_undo_is_none() -> None:
    """A Service's node port: gone with the type, and another one when somebody set the type again. Nobody owns it."""
    before, after, live = (
        owned({"type": kind, **port}, OURS, note, "type")
        for kind, port, note in (("A", {"port": 1}, "earlier"), ("B", {}, "run"), ("A", {"port": 2}, "run"))
    )
    assert [name_of(d.path) for d in recorded(before, {"type": "B"}, after, live).conflicts] == ["spec.port"]
    for undone in (Undone(earlier=True), Undone(frozenset({("f:spec", "f:port")}))):
        found = recorded(before, {"type": "B"}, after, live, undone=undone)
        assert (found.conflicts, found.restored, found.obj["spec"]["port"]) == ([], [], 2)
    before, after, live = (
        owned({"type": kind, **port}, who, note, "type")
        for kind, port, who, note in (
            ("B", {}, OURS, "earlier"),
            ("A", {"port": 1}, OURS, "run"),
            ("A", {"port": 2}, THEIRS, "run"),
        )
    )
    assert [name_of(d.path) for d in recorded(before, {"type": "A"}, after, live).conflicts] == ["spec.port"]


@pytest.mark.parametrize(("made", "port"), [({"type": "B"}, 1), ({"type": "B", "port": 9}, None), (None, None)])
def test_what_nobody_owned_and_is_gone_the_run_dropped_if_a_new_object_of_its_manifest_has_none(
    made: dict[str, Any] | None, port: int | None
) -> None:
    """A Service's node port in a port in which others changed something since."""
    before = owned({"type": "A", "ports": {"port": 1}}, OURS, "earlier", "type")
    live = owned({"type": "B", "ports": {"protocol": "http"}}, (*OURS, *THEIRS), "run", "type")
    live["metadata"]["managedFields"].append({
        "manager": "editor", "operation": "Update", "apiVersion": "v2",
        "fieldsV1": {"f:spec": {"f:ports": {"f:protocol": {}}}},
    })  # fmt: skip
    new = made and {"spec": {"type": made["type"], "ports": {k: v for k, v in made.items() if k == "port"}}}
    run = AppliedRun("run", "sternway", {"spec": {"type": "B", "ports": {}}}, stored=new)
    found = merge_object(before, live, run, OnConflict.STOP, Schema({}, {}))
    assert found.conflicts == []
    assert found.obj["spec"] == {"type": "A", "ports": {"protocol": "http", **({"port": port} if port else {})}}
    assert unexplained(found.states)


@pytest.mark.parametrize(("made", "port"), [({}, 1), ({"port": 9}, None), (None, 1)])
def test_what_nobody_owns_and_is_new_the_run_brought_if_a_new_object_of_its_manifest_has_it(
    made: dict[str, Any] | None, port: int | None
) -> None:
    before = owned({"type": "B", "ports": {}}, OURS, "earlier", "type")
    live = owned({"type": "A", "ports": {"port": 1, "protocol": "http"}}, (*OURS, *THEIRS), "run", "type")
    live["metadata"]["managedFields"].append({
        "manager": "editor", "operation": "Update", "apiVersion": "v2",
        "fieldsV1": {"f:spec": {"f:ports": {"f:protocol": {}}}},
    })  # fmt: skip
    new = made if made is None else {"spec": {"type": "A", "ports": made}}
    run = AppliedRun("run", "sternway", {"spec": {"type": "A", "ports": {}}}, stored=new)
    found = merge_object(before, live, run, OnConflict.STOP, Schema({}, {}))
    assert found.obj["spec"] == {"type": "B", "ports": {"protocol": "http", **({"port": port} if port else {})}}
    assert unexplained(found.states)


def test_a_default_that_others_changed_stays_though_the_managed_fields_were_removed_since() -> None:
    before, live = owned({"x": 1, "y": 1}, OURS, "earlier", "y"), owned({"x": 5, "y": 2}, NOBODY, "run")
    live["metadata"]["managedFields"] = []
    run = AppliedRun("run", "sternway", {"spec": {"y": 2}}, stored={"spec": {"x": 1, "y": 2}})
    found = merge_object(before, live, run, OnConflict.STOP, Schema({}, {}))
    assert (found.obj["spec"], found.conflicts) == ({"x": 5, "y": 1}, [])


def test_an_empty_map_that_is_owned_is_not_taken_for_one_value() -> None:
    """Without the server's schema: its owner has `f:x` alone, as for a map that is one field."""
    before, live = owned({"x": {}}, OURS, "earlier"), owned({"x": {}}, (), "earlier")
    found = merged(before, {"spec": {"x": {"y": 1}}}, live)
    assert found.states.at(("f:spec", "f:x", "f:y")).applied == 1
    whole = owned({"x": {"z": 1}}, OURS, "earlier")
    assert merged(whole, {"spec": {"x": {"y": 1}}}, live).states.at(("f:spec", "f:x")).applied == {"y": 1}


def test_a_default_that_the_server_fills_in_where_others_keep_the_map_is_no_fault_of_the_undo() -> None:
    before = owned({}, OURS, "earlier")
    after = owned({"up": {"policies": "ours", "window": 1}}, OURS, "run", "up")
    live = owned({"up": {"policies": "default", "window": 2}}, THEIRS, "run")
    live["metadata"]["managedFields"][0]["fieldsV1"] = {"f:spec": {"f:up": {"f:window": {}}}}
    found = recorded(before, {"up": {"policies": "ours", "window": 1}}, after, live, OnConflict.MERGE)
    assert found.of_the_server(("f:spec", "f:up", "f:policies"))
    assert not found.of_the_server(("f:spec", "f:up", "f:window"))  # others hold it
    still = recorded(before, {"up": {"policies": "ours", "window": 1}}, after, after)
    policies = ("f:spec", "f:up", "f:policies")
    assert not still.of_the_server(policies)  # what the run left must go
    again = replace(still, states=replace(still.states, undone=Undone(refilled=frozenset({policies}))))
    assert again.of_the_server(policies)  # the server put it there again as it was removed


def test_an_apply_that_never_came_leaves_all_to_others() -> None:
    before = owned({"x": 1}, OURS, "earlier")
    live = owned({"x": 3}, THEIRS, "earlier")
    found = merged(before, {"spec": {"x": 2}}, live)
    assert (found.obj["spec"], found.conflicts) == ({"x": 3}, [])


def test_without_the_annotation_what_our_manager_owns_proves_the_apply() -> None:
    before = owned({"x": 1}, OURS, "earlier")
    live = owned({"x": 2}, OURS, "run")
    del live["metadata"]["annotations"]
    assert merged(before, {"spec": {"x": 2}}, live).obj["spec"] == {"x": 1}


def test_what_was_taken_over_and_is_with_nobody_now_proves_the_apply() -> None:
    """The run renamed the one key that kubectl had applied; others changed it since, and dropped all annotations."""
    before, live = owned({"a": 1}, (), "", "a"), owned({"b": 2}, THEIRS, "")
    before["metadata"]["managedFields"][0]["manager"] = "kubectl-client-side-apply"
    live["metadata"]["managedFields"] = [
        {"manager": "editor", "operation": "Update", "fieldsV1": {"f:spec": {"f:b": {}}}}
    ]  # fmt: skip
    for obj in (before, live):
        del obj["metadata"]["annotations"]
    claimed = owned({"a": 1}, (), "", "a")["metadata"]["managedFields"]
    run = AppliedRun("run", "sternway", {"spec": {"b": 1}}, None, claimed)
    found = merge_object(before, live, run, OnConflict.STOP, None)
    assert [name_of(d.path) for d in found.conflicts] == ["spec.b"]
    still = {**live, "spec": {"a": 1, "b": 2}, "metadata": {**live["metadata"]}}  # it never came to take it over
    still["metadata"]["managedFields"] = [*before["metadata"]["managedFields"], *live["metadata"]["managedFields"]]
    assert merge_object(before, still, run, OnConflict.STOP, None).conflicts == []


SCHEMAS = {
    "Port": {
        "type": "object",
        "properties": {"port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}},
    },
    "Selector": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"labels": {"type": "object"}}},
    "Spec": {
        "properties": {
            "ports": {
                "type": "array", "items": {"allOf": [{"$ref": "#/components/schemas/Port"}], "default": {}},
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
            },
            "selector": {"allOf": [{"$ref": "#/components/schemas/Selector"}], "default": {}},
            "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "args": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "atomic"},
            "old": {
                "type": "array", "items": {"type": "object"},
                "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "name",
            },
            "free": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Selector"}},
        }
    },
}  # fmt: skip


def test_the_schema_tells_the_shape() -> None:
    shape = Schema({"$ref": "#/components/schemas/Spec"}, SCHEMAS)
    spec = {
        "ports": [{"port": 1}, {"port": 1, "protocol": "UDP"}], "selector": {"labels": {"a": "b"}}, "tags": ["<a>"],
        "args": ["a", "a"], "old": [{"name": "x", "v": 1}], "free": {"one": {"labels": {}}}, "unknown": {"a": [1]},
    }  # fmt: skip
    node = tree(spec, shape)
    assert untree(node) == spec
    assert list(node["f:ports"]) == ['k:{"port":1,"protocol":"TCP"}', 'k:{"port":1,"protocol":"UDP"}']
    assert list(node["f:tags"]) == ['v:"\\u003ca\\u003e"']
    assert list(node["f:old"]) == ['k:{"name":"x"}']
    assert node["f:selector"] == {"labels": {"a": "b"}}
    assert node["f:free"]["f:one"] == {"labels": {}}
    assert node["f:args"] == ["a", "a"]


def test_a_key_that_is_there_twice_makes_one_value_of_the_list_in_all_states() -> None:
    shape = Schema({"$ref": "#/components/schemas/Spec"}, SCHEMAS)
    once, twice = [{"name": "x"}], [{"name": "x"}, {"name": "x"}]
    nodes = trees([{"old": once}, {"old": twice}, ABSENT], shape)
    assert [node if node is ABSENT else node["f:old"] for node in nodes] == [once, twice, ABSENT]


def test_marks_tell_atomic_maps_and_the_key_that_a_manifest_leaves_out() -> None:
    marks = {"f:selector": {}, "f:ports": {'k:{"port":1,"protocol":"TCP"}': {".": {}, "f:port": {}}}}
    node = tree({"selector": {"a": "b"}, "ports": [{"port": 1}]}, Marks(marks))
    assert node["f:selector"] == {"a": "b"}
    assert list(node["f:ports"]) == ['k:{"port":1,"protocol":"TCP"}']


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("<>&", r'"\u003c\u003e\u0026"'),
        ("\u2028\u2029", r'"\u2028\u2029"'),
        ('"\\/', r'"\"\\/"'),
        ("\t\n\r", r'"\t\n\r"'),
        ("\b\f\x01", r'"\u0008\u000c\u0001"'),
        ("\\b", r'"\\b"'),
        ("é\x7f", '"é\x7f"'),
        ({"b": 1, "a": True}, '{"a":true,"b":1}'),
    ],
)
def test_names_are_written_as_the_server_writes_them(value: Any, written: str) -> None:
    """Each seen in managedFields of kube-apiserver 1.34."""
    assert go_json(value) == written
    assert json.loads(written) == value


def test_defaults_in_what_the_run_brought_are_its_doing_whatever_others_changed_in_it() -> None:
    """A volume's source: others changed a field in it, and the server's default beside that is nobody's."""
    before = owned({"x": {}}, OURS, "earlier")
    applied = {"spec": {"source": {"items": "ours"}}}
    live = owned({"source": {"items": "theirs", "mode": 420}}, (), "run")
    live["metadata"]["managedFields"] += [
        {"manager": "sternway", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"f:metadata": {}}},
        {"manager": "editor", "operation": "Update", "apiVersion": "v1",
         "fieldsV1": {"f:spec": {"f:source": {"f:items": {}}}}},
    ]  # fmt: skip
    assert merged(before, applied, live, OnConflict.FORCE).obj["spec"] == {"x": {}}


def test_of_a_map_that_others_removed_whole_comes_back_what_the_run_had_removed_before() -> None:
    def holding(**data: str) -> dict[str, Any]:
        obj = owned({"x": 1, **({"data": data} if data else {})}, OURS, "earlier")
        obj["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:data"] = {f"f:{name}": {} for name in data}
        return obj

    live = holding()
    live["metadata"]["annotations"]["sternway.dev/run"] = "run"
    found = merged(holding(dropped="1", kept="2"), {"spec": {"x": 1, "data": {"kept": "2"}}}, live)
    assert found.obj["spec"] == {"x": 1, "data": {"dropped": "1"}}
    assert found.conflicts == []


def test_defaults_in_what_others_brought_are_theirs() -> None:
    """An autoscaler's behaviour, applied by others as {}: the server fills it in, and nobody owns that."""
    before, live = owned({"x": 1}, OURS, "earlier"), owned({"x": 1, "behavior": {"up": 1}}, OURS, "run")
    live["metadata"]["managedFields"].append(
        {
            "manager": "editor",
            "operation": "Apply",
            "apiVersion": "v1",
            "fieldsV1": {"f:spec": {"f:behavior": {}}},
        }
    )
    before["spec"]["y"] = 1  # no longer listed: the run changed something beside it
    before["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:y"] = {}
    found = merge_object(
        before, live, AppliedRun("run", "sternway", {"spec": {"x": 1}}), OnConflict.STOP, Schema({}, {})
    )
    assert found.obj["spec"] == {"x": 1, "y": 1, "behavior": {"up": 1}}


def test_what_others_emptied_of_what_the_run_brought_is_theirs() -> None:
    """A volume's `emptyDir: {sizeLimit: 1Mi}`, of which others left `{}`: nobody owns an empty map."""
    before = owned({"x": 1}, OURS, "earlier")
    live = owned({"x": 1, "volumes": [{"name": "v", "empty": {}}]}, OURS, "run")
    item = {'k:{"name":"v"}': {".": {}, "f:name": {}}}
    live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:volumes"] = item
    applied = {"spec": {"x": 1, "volumes": [{"name": "v", "empty": {"limit": "1Mi"}}]}}
    found = merged(before, applied, live)
    assert [name_of(d.path) for d in found.conflicts] == ["spec.volumes[name=v].empty.limit"]


@pytest.mark.parametrize(("applied_at", "conflicts"), [("11:00:05", ["spec.x"]), ("11:00:00", [])])
def test_the_time_of_our_managers_entry_proves_an_apply(applied_at: str, conflicts: list[str]) -> None:
    """The annotation is gone, and the only field that the run added was taken by somebody else."""
    before, live = owned({}, (), "earlier", "y"), owned({"x": 3}, THEIRS, "", "y")
    for obj, time in ((before, "11:00:00"), (live, applied_at)):
        [ours] = [e for e in obj["metadata"]["managedFields"] if e["manager"] == "sternway"]
        ours |= {"time": time, "fieldsV1": {"f:spec": {"f:y": {}}}}
    before["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"] = {"f:annotations": {"f:sternway.dev/run": {}}}
    del live["metadata"]["annotations"]
    found = merged(before, {"spec": {"x": 2, "y": 1}}, live)
    assert [name_of(d.path) for d in found.conflicts] == conflicts


@pytest.mark.parametrize(("made", "left"), [("Max", None), ("Min", {"down": "Max"}), (None, {"down": "Max"})])
def test_a_default_in_what_the_run_brought_goes_though_others_have_applied_the_same_since(
    made: str | None, left: dict[str, str] | None
) -> None:
    """An autoscaler's behaviour: `up` is the run's, `down` the server's default that others now own too."""
    before, live = (
        owned({"x": 1}, OURS, "earlier"),
        owned({"x": 1, "behavior": {"up": "Min", "down": "Max"}}, OURS, "run"),
    )
    live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:behavior"] = {"f:up": {}}
    live["metadata"]["managedFields"].append({
        "manager": "editor", "operation": "Apply", "apiVersion": "v1",
        "fieldsV1": {"f:spec": {"f:behavior": {"f:down": {}}}},
    })  # fmt: skip
    applied = {"spec": {"x": 1, "behavior": {"up": "Min"}}}
    new = made and {"spec": {"x": 1, "behavior": {"up": "Min", "down": made}}}
    found = merge_object(
        before, live, AppliedRun("run", "sternway", applied, stored=new), OnConflict.STOP, Schema({}, {})
    )
    assert unexplained(found.states)
    assert found.obj["spec"] == {"x": 1, **({"behavior": left} if left else {})}
    assert found.conflicts == []


def test_an_apply_that_was_refused_left_the_time_of_our_managers_entry() -> None:
    """Others removed the annotation, and with it a field of which the manifest of the refused apply says nothing."""
    before, live = owned({"x": 1, "y": 1}, OURS, "earlier", "y"), owned({"x": 1}, OURS, "", "y")
    for obj in (before, live):
        [ours] = [e for e in obj["metadata"]["managedFields"] if e["manager"] == "sternway"]
        ours |= {"time": "11:00:00", "fieldsV1": {"f:spec": {"f:x": {}, **({"f:y": {}} if obj is before else {})}}}
    del live["metadata"]["annotations"]
    assert merged(before, {"spec": {"x": 1}}, live).obj["spec"] == {"x": 1}


def test_a_map_went_by_the_run_that_left_nothing_in_it_that_is_owned() -> None:
    """A custom resource's `spec: {}`, and then `spec: {parts: []}`: the server takes the default in it away too."""
    schema = {"properties": {"spec": {"properties": {"parts": {
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": {"properties": {"name": {}}},
    }}}}}  # fmt: skip
    before, live = owned({"size": 3}, (), "earlier"), owned({}, (), "run")
    del live["spec"]
    for obj, fields in (
        (before, {"f:spec": {}}),
        (live, {"f:metadata": {"f:annotations": {"f:sternway.dev/run": {}}}}),
    ):
        entry = {"manager": "sternway", "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields}
        obj["metadata"]["managedFields"] = [entry]
    run = AppliedRun("run", "sternway", {"spec": {"parts": []}})
    found = merge_object(before, live, run, OnConflict.STOP, Schema(schema, {}))
    assert (found.conflicts, found.obj["spec"]) == ([], {"size": 3})


def test_what_nobody_owns_beside_a_field_that_the_run_dropped_is_of_the_run_though_others_own_that_now() -> None:
    """A DaemonSet's strategy: the server fills in its parts when the type is dropped, and others drop it again."""
    strategy = {"f:spec": {"f:strategy": {"f:type": {}}}}
    before, live = (
        owned({"strategy": {"type": kind, "most": most}}, (), note)
        for kind, most, note in (("A", 0, "earlier"), ("B", 1, "run"))
    )
    for one, manager in ((before, "sternway"), (live, "editor")):
        entry = {"manager": manager, "operation": "Apply", "apiVersion": "v1", "fieldsV1": strategy}
        one["metadata"]["managedFields"] = [entry]
    run = AppliedRun("run", "sternway", {"spec": {}}, stored={"spec": {"strategy": {"type": "B", "most": 1}}})
    found = merge_object(before, live, run, OnConflict.FORCE, Schema({}, {}))
    assert found.obj["spec"]["strategy"] == {"type": "A", "most": 0}
