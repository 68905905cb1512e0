"""The Events beside a Workflow: one for how its run ended, one for each step that did not end well."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.event import event_on
from ..objects.ref import Ref

if TYPE_CHECKING:
    from ..kube.client import Client

_SAID = ("type", "reason", "message")


def put_event(
    client: Client,
    workflow: str,
    run: str,
    reason: str,
    message: str,
    *,
    step: str = "",
    warning: bool = True,
    namespace: str = "",
) -> None:
    """Put what became of a run, or of a step of it, where `kubectl describe workflow` shows it.

    What is there already under its name is brought up to date; where that is not allowed, another one is put. It is
    the client's own namespace, unless another one is given; who may put none puts none, for the journal has it anyway.
    """
    name = f"{workflow}.sternway" + (f".{step}" if step else "")
    ref = Ref("argoproj.io/v1alpha1", "Workflow", namespace or client.namespace, workflow)
    event = event_on(ref, run, name=name, reason=reason, message=message, warning=warning)
    try:
        _create_or_update(client, event)
    except ApiError as error:
        logging.getLogger("sternway").warning("no Event could be put beside Workflow %s: %s", workflow, error)


def _create_or_update(client: Client, event: dict[str, Any]) -> None:
    try:
        client.create(event, manager="sternway", safe=True)
    except ApiError as error:
        if not error.conflict:
            raise
        change = {key: event[key] for key in (*_SAID, "lastTimestamp")}
        try:
            client.patch(Ref.of(event), change, manager="sternway", safe=True)
        except ApiError as forbidden:
            if not forbidden.forbidden:
                raise
            said = hashlib.sha256("".join(event[key] for key in _SAID).encode()).hexdigest()[:8]
            named = {**event["metadata"], "name": f"{event['metadata']['name']}.{said}"}
            _create_once(client, {**event, "metadata": named})


def _create_once(client: Client, event: dict[str, Any]) -> None:
    try:
        client.create(event, manager="sternway", safe=True)
    except ApiError as error:
        if not error.conflict:  # the same was said before
            raise
