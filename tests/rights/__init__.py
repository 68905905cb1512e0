"""Each right that a generated Role grants is needed by a scenario, and no scenario needs more: `python -m tests.rights`."""
