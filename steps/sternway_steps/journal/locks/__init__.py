"""One holder a target: a lock in a file, or a Lease of a cluster."""
