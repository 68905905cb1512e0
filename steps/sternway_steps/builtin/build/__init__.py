"""The build step: an image is built and pushed; back, its tag points where it pointed."""
