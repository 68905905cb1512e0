"""HTTP to Kubernetes: the only package that talks to an API server."""
