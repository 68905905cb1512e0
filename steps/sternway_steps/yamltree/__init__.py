"""YAML and JSON documents in which every value knows its line and column."""
