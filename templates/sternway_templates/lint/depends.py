"""What a DAG's task waits for, and whether it can start after a failure (Argo, docs/enhanced-depends-logic.md)."""

from __future__ import annotations

from .templates import Call, Template

RESULTS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed")
AFTER_FAILURE = ("Failed", "Errored", "AllFailed")


def ancestors(call: Call, template: Template) -> dict[str, Call]:
    """Return every task that ends before this one starts."""
    tasks = template.by_name
    earlier: dict[str, Call] = {}
    waiting = [call]
    while waiting:
        for name, _, _ in waiting.pop().dependencies:
            if name in tasks and name not in earlier:
                earlier[name] = tasks[name]
                waiting.append(tasks[name])
    return earlier


def starts_after_failure(call: Call, before: str, template: Template) -> bool:
    """Return whether a task can start although the one named `before` has failed."""
    own = {result for task, result, _ in call.dependencies if task == before}
    between = () if own else ancestors(call, template).values()
    results = own | {result for each in between for task, result, _ in each.dependencies if task == before}
    goes_on = own != {"Succeeded"} and any(task.name == before and task.goes_on for task in template.calls)
    return goes_on or bool(results & set(AFTER_FAILURE))
