"""The validate step: would the server take it, and may we do it and undo it?"""

from .step import Validate

__all__ = ["Validate"]
