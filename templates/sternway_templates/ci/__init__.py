"""Pipelines of GitHub Actions and GitLab CI that call the command line and nothing else."""
