"""A linter for Argo YAML: finds what makes a workflow lose its undo, offline, with file, line and column."""
