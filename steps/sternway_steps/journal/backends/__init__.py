"""Where a journal is stored: in files, or in Secrets of a cluster."""
