"""The keys that make a step a command of the user's own, and how each value is read."""

from __future__ import annotations

import re
from typing import Any

from ...config.others_words import NO_SHELL
from ...config.simple_keys import RESOURCES, SOURCE
from ...yamltree import scalars as s
from ...yamltree.document import Node
from ...yamltree.reader import Key, Many, Short, Table

BY_NAME = ("docker", "podman")


@s.reads("a string without NUL characters", {"type": "string", "not": {"pattern": r"\u0000"}})
def word(node: Node) -> str:
    """Read a word of a command; the system ends one at its first NUL."""
    text = s.string(node)
    if "\0" in text:
        raise s.InvalidValue("this holds a NUL character, which no program can be given", "a text without it")
    return text


_NETWORK = s.matching(re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.:-]*"), "a network of docker or podman, such as host")
COMMAND: dict[str, Any] = {
    "image": Key(s.image, "The image that it runs in; without one it is a process on this machine."),
    "execute": Key(Many(word, NO_SHELL), "The program and its arguments; no shell.", examples=(["./notify.sh"],)),
    "rollback": Key(Many(word, NO_SHELL), "The program that undoes it, and its arguments."),
    "env": Key(  # as in the simple form; that a field of the pod is no source here is said with all that are
        Table(s.env_name, Short(word, SOURCE)), "Its variables: a text, or the key of a Secret or ConfigMap."
    ),
    "effects": Key(
        s.one_of("reversible", "irreversible", "none"),
        "What an undo does: it runs `rollback`, it leaves the effects, or there are none to undo. With `rollback` it "
        "is `reversible`.",
    ),
    "runner": Key(
        s.one_of("auto", *BY_NAME, "process", "kubernetes"),
        "What runs it: a Job in a pod, elsewhere docker or podman, and without an image a process.",
        "auto",
    ),
    "folder": Key(s.path, "A folder on this machine in which it works; in a container it is /work."),
    "workdir": Key(
        s.matching(re.compile(r"/.*"), "a path in the container that begins with /", 4096), "The folder in the image."
    ),
    "user": Key(s.whole(1), "The user that the container runs as."),
    "network": Key(_NETWORK, "The network of docker or podman."),
    "resources": Key(RESOURCES, "What the container requests and may use."),
    "serviceAccount": Key(s.dns_name, "The ServiceAccount of the Job's pod."),
    "imagePullSecrets": Key(Many(s.dns_name), "Secrets with the credentials of the image's registry."),
    "nodeSelector": Key(Table(s.string, s.string), "Labels of the nodes that the Job's pod may run on."),
}
"""The keys that make a step a command, besides those that every step has."""
