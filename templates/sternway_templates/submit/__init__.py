"""Starts a pipeline on Argo through the Kubernetes API, and follows it like a run in one process."""
