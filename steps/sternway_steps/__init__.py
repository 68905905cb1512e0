"""Deployment steps that can be undone."""

__version__ = "0.1.0"
