"""The rights that Argo itself takes of a Workflow's account."""

from __future__ import annotations

from ..spec import Rule

ARGO_RULES = (Rule("argoproj.io", ("workflowtaskresults",), ("create", "patch")),)
"""What Argo's executor reports through (Argo, "Workflow RBAC")."""
