"""The keys of the section `verify`, and how each value is read."""

from __future__ import annotations

import re
from typing import Any

from ...config.others_words import OF_VERIFY
from ...config.rules import KindRule
from ...config.schema import Grace, HttpCheck, VerifyConfig
from ...objects.expressions import BadExpression, parse
from ...objects.kinds import has_state
from ...yamltree import scalars as s
from ...yamltree.document import Node
from ...yamltree.reader import Key, Many, Section, Table
from .path import url_path

_KIND = re.compile(r"[A-Za-z*][a-zA-Z0-9_]*(?:\|[A-Za-z*][a-zA-Z0-9_]*)*\.[-a-z0-9.*]+")
_A_KIND = "KIND.GROUP, such as Workflow.argoproj.io"
_AN_EXPRESSION = "an expression such as status.phase=Succeeded"
_GRACES = {
    "pull": "An image pull back-off without a lasting reason, or a registry that does not answer.",
    "config": "A Secret or ConfigMap that does not exist, and that nothing known is to create.",
    "create": "Pods that the API server rejects: quota, security policy, a missing service account.",
    "unschedulable": "A pod that fits on no node, while no autoscaler says that it is adding one.",
    "mount": "A volume that can't be attached or mounted, a claim that can't be provisioned.",
    "condition": "A condition of a custom resource that reports a fault.",
}


def _http(**keys: Any) -> dict[str, Any]:
    return keys  # the service and the port of the simple form are filled in when the whole file is read


@s.reads(_A_KIND, s.whole_text(_KIND.pattern))
def _kind(node: Node) -> str:
    text = s.string(node)
    if not _KIND.fullmatch(text):
        hint = "the kinds of the core group are judged by themselves" if "." not in text else ""
        raise s.InvalidValue(f"{text!r} names no kind", _A_KIND, hint)
    kinds, _, group = text.partition(".")
    for kind in kinds.split("|"):
        if "*" not in text and not has_state(f"{group}/v1", kind):
            raise s.InvalidValue(f"{kind}.{group} has no state: it is there or not", _A_KIND, "remove the rule")
    return text


@s.reads(_AN_EXPRESSION, {"type": "string", "pattern": r"^\s*(metadata|spec|status|conditions)[.\[].*[=~]"})
def _expression(node: Node) -> str:
    text = s.string(node)
    try:
        parse(text)
    except BadExpression as bad:
        raise s.InvalidValue(str(bad), _AN_EXPRESSION, bad.hint) from None
    return text


def _rule(**keys: Any) -> KindRule:
    return KindRule(keys["kind"], *(tuple(keys[key]) if key in keys else None for key in ("ready", "failed")))


_HTTP = Section(
    {
        "service": Key(s.dns_label, "The Service; by default that of the simple form."),
        "port": Key(s.port_or_name, "The Service's port; by default that of the simple form, else 80."),
        "path": Key(url_path, "The path, with its query.", HttpCheck.path),
        "namespace": Key(s.dns_label, "The Service's namespace; by default the target's."),
        "scheme": Key(s.one_of("http", "https"), "How the pods are spoken to.", HttpCheck.scheme),
        "status": Key(s.whole(100, 599), "The status that is expected.", HttpCheck.status),
        "contains": Key(s.string, "A text that must be in the answer."),
        "headers": Key(Table(s.string, s.string), "Headers of the request."),
        "retries": Key(s.whole(0, 1000), "How often it is asked again.", HttpCheck.retries),
        "interval": Key(s.duration, "The wait between two requests.", HttpCheck.interval),
        "timeout": Key(s.duration, "How long an answer may take.", HttpCheck.timeout),
    },
    _http,
    alone="path",
)
_RULE = Section(
    {
        "kind": Key(_kind, "The kinds that it is for: KIND|KIND.GROUP, and `*` is any."),
        "ready": Key(
            Many(_expression),
            "Ready when all of them hold.",
            examples=(["status.phase=Open"],),
        ),
        "failed": Key(Many(_expression), "Failed when any of these holds.", examples=(["status.phase=Closed|Burnt"],)),
    },
    _rule,
    ("kind",),
)
_RESTARTS = Key(s.whole(1, 1000), "How many ends with an error count as a crash loop.", Grace.restarts)
_GRACE = {key: Key(s.duration, about, getattr(Grace, key)) for key, about in _GRACES.items()}
SECTION = Section(
    {
        "deadline": Key(s.duration, "How long it may take until all is ready.", VerifyConfig.deadline),
        "grace": Key(
            Section({**_GRACE, "restarts": _RESTARTS}, Grace),
            "How long trouble that may pass by itself is waited out before it counts as a failure.",
        ),
        "http": Key(Many(_HTTP), "Requests through Services, and the answers that are expected."),
        "rules": Key(Many(_RULE), "When objects of custom kinds are ready; these go before Sternway's own."),
    },
    instead=OF_VERIFY,
)
_SELECTOR = "A label selector: the step waits only for the objects that have it."
OPTIONS = Section({"selector": Key(s.string, _SELECTOR, examples=("app=web",))})
"""A step's `with`; what it says is read by the step itself."""
