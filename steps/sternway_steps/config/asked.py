"""What a form asks for: the keys under `parameters`, whose values come from people as texts and stay texts."""

from __future__ import annotations

from collections.abc import Mapping

from ..yamltree.document import Node
from ..yamltree.errors import ConfigError, ConfigErrors, SourceLocation
from ..yamltree.parser import parse
from ..yamltree.reader import MISSING, Reader, Section
from .argo import Parameter


def parameters_of(root: Node, form: Section) -> Mapping[str, Parameter]:
    """Return the parameters of a document by their keys; what is wrong with them is said when all of it is read."""
    entry = root.value.get("parameters") if isinstance(root.value, dict) else None
    found = Reader().read(entry.node, form.kind("parameters"), "") if entry is not None else {}
    return {} if found is MISSING else found


def value_of(parameter: Parameter, text: str, source: str) -> Node:
    """Return what somebody wrote into a form as the value that it is: a number, true or false, else the text itself.

    It is never a mapping or a list: whoever fills in a form must not name a Secret in place of a text.
    Raises: ConfigErrors when the parameter may not have it.
    """
    location = SourceLocation(source)
    if parameter.enum and text not in parameter.enum:
        expected = " or ".join(parameter.enum)
        raise ConfigErrors([ConfigError(location, "", f"{text!r} is not among the values that it may have", expected)])
    try:
        value = node.value if (node := parse(text, source)) is not None else None
    except ConfigErrors:
        value = None
    return Node(value if isinstance(value, bool | int | float) else text, location, text)
