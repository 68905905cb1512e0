"""The saga for Argo Workflows: a WorkflowTemplate, built with Hera."""
