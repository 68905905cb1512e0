"""Kubernetes objects as data: fields, field owners, order, merge. Pure functions."""
