"""The saga as Argo Workflows runs it: a WorkflowTemplate, made through Hera."""
