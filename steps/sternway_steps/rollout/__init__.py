"""Whether objects come up: watched until they are ready or can't be."""
