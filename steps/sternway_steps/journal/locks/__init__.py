"""One holder a target: a lock in a file, or a Lease in the cluster."""
