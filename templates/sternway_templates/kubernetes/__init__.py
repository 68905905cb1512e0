"""What plain Kubernetes needs to run a saga: a CronJob, and the rights of its pods."""
