"""Objects from elsewhere: Helm's and Kustomize's own programs render them, a server has them under a digest."""
