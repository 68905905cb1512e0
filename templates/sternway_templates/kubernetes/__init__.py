"""What plain Kubernetes needs to run a saga: a CronJob, ConfigMaps, and the rights of the pods."""
