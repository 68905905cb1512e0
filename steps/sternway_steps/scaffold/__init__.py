"""Writes a first configuration from what a folder holds."""
