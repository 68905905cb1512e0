"""Rules about locks (Argo, workflow/sync: a workflow and its nodes are different holders)."""

from __future__ import annotations

from collections.abc import Iterator

from sternway_steps.yamltree.document import Node

from .findings import Flaw, Severity
from .model import Workflow
from .nodes import child, items, true, word

Lock = tuple[str, ...]


def asked_twice(workflow: Workflow) -> Iterator[Flaw]:
    """Find templates that wait for a lock that their own workflow holds until it has ended."""
    held = dict(_locks(child(workflow.spec, "synchronization"), workflow))
    handling = {id(template.node) for template in workflow.handling}
    for template in workflow.all_templates:
        for lock, node in _locks(child(template.node, "synchronization"), workflow):
            if lock not in held:
                continue
            where = "of the exit handler " if id(template.node) in handling else ""
            what = f"{lock[0]} {lock[2]}"
            message = f"{template.name} {where}waits for the {what}, which the workflow itself holds until its end"
            # A semaphore may have more than one place; a mutex has one.
            severity = Severity.WARNING if lock[0] == "semaphore" else None
            yield Flaw(node, message, "ask for it in spec.synchronization only", severity=severity)


def _locks(node: Node | None, workflow: Workflow) -> Iterator[tuple[Lock, Node]]:
    for mutex in items(child(node, "mutexes")):
        where = word(mutex, "namespace") or workflow.namespace
        yield ("mutex", where, word(mutex, "name"), str(true(mutex, "database"))), mutex
    for semaphore in items(child(node, "semaphores")):
        where = word(semaphore, "namespace") or workflow.namespace
        key, database = child(semaphore, "configMapKeyRef"), word(semaphore, "database", "key")
        yield (
            ("semaphore", where, database or f"{word(key, 'name')}/{word(key, 'key')}", str(bool(database))),
            semaphore,
        )
