"""Kubernetes objects as data: fields, owners, order, merge. Pure functions."""
