"""What a program can ask of Sternway: a class, and beside it what it does, loaded when it is asked for."""

from __future__ import annotations

from .facade import Session

__all__ = ["Session"]
