"""What is known of the Argo Workflows that a cluster has: its version, and how its controller is set."""
