"""Looks whether everything is there that a run and its undo need; changes nothing."""
