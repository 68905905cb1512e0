"""The command step: any program, here or in an image of its own, with another one that undoes it."""
