"""Starting a pipeline on Argo through the Kubernetes API, and following it as a run in one process is followed."""
