"""Pipelines of GitHub Actions and GitLab CI that only call the command line."""
