"""What happens to Kubernetes objects: recorded, applied, restored, deleted."""
