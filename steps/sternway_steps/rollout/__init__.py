"""Watching deployed objects until they are ready, or until it is known that they can't become ready."""
