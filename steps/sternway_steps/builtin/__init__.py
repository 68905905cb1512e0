"""The steps that come with Sternway; none of them imports another."""
