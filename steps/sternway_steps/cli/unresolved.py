"""What Argo passes on as it stands: the tag of a parameter that has no value."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import Refused

_TAG = "{{"
_PARAMETER = re.compile(r"\{\{workflow\.parameters\.([\w-]+)\}\}")


def refuse_unresolved(overrides: Iterable[str]) -> None:
    """Raise Refused when a KEY=VALUE has a tag in it that Argo did not resolve, with the parameter's name.

    What is said has no such tag: Argo would look for it in a message, too.
    """
    pairs = (override.partition("=") for override in overrides)
    names = [_name(key, value) for key, _, value in pairs if _TAG in value]
    if names:
        several = "parameters" if len(names) > 1 else "parameter"
        raise Refused(
            f"{several} {', '.join(names)} of the Workflow: Argo left a tag where the value belongs",
            remedy="`argo retry -p` drops the template's defaults: give it every parameter, or none; "
            "or submit anew, with values that have no two opening braces in a row",
        )


def _name(key: str, value: str) -> str:
    found = _PARAMETER.search(value)
    return found[1] if found else key.replace(".", "-")
