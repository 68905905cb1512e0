"""What a command may have to be allowed: which steps beside it read for the plan."""

from __future__ import annotations

from ...spec import Rule

JOB_RULES = (
    Rule("batch", ("jobs",), ("create", "get", "list", "watch", "delete"), in_target=True),
    Rule("", ("pods", "events"), ("list", "watch"), in_target=True),
    Rule("", ("pods/log",), ("get",), in_target=True),
)
"""What it takes to run a Job, and to see why it fails."""
