"""The verify step: watches the rollout of what was deployed, then asks over HTTP."""

from .step import Verify

__all__ = ["Verify"]
