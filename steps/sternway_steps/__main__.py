"""`python -m sternway_steps` is `sternway`."""

from .cli import main

main()
