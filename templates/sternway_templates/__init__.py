"""Generators and Argo commands: the plan as Argo objects, CI pipelines, CronJobs and drawings; a linter; submission."""
