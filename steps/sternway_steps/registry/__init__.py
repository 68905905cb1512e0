"""The steps that a configuration can name: those that come with Sternway, and those of other packages."""
