"""The steps that a configuration can name: those of Sternway, and those of other packages."""
