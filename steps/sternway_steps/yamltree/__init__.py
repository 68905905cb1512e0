"""YAML and JSON documents whose values know their place in the file."""
