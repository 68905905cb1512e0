"""Finds in Argo YAML, ours or anybody's, what makes a workflow lose its undo: offline, with file, line and column."""
