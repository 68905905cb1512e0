"""The key to the journal in a pod: a Secret that is mounted, as a file that a variable names.

Nothing of the key is in what is generated, and a pod needs no right to read the Secret by itself.
"""

from __future__ import annotations

from sternway_steps.config import Config
from sternway_steps.journal.key_source import VARIABLE

from .build_pod import PodParts

_VOLUME, _FOLDER, _FILE = "journal-key", "/journal-key", "keys"


def key_parts(config: Config) -> PodParts:
    """Return what every pod has that reads the journal; nothing where the configuration names no Secret for it."""
    source = config.journal.key
    if source is None or source.secret is None:
        return PodParts()
    items = [{"key": source.key, "path": _FILE}]
    return PodParts(
        env=[{"name": f"{VARIABLE}_FILE", "value": f"{_FOLDER}/{_FILE}"}],
        mounts=[{"name": _VOLUME, "mountPath": _FOLDER, "readOnly": True}],
        # Where it is not there, the process says so; a pod that waits for a volume says nothing.
        volumes=[{"name": _VOLUME, "secret": {"secretName": source.secret, "items": items, "optional": True}}],
    )
