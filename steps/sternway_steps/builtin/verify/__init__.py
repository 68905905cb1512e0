"""The verify step: watches the rollout of what was deployed, then asks over HTTP."""
