"""Sternway's plan as Argo objects, through Hera."""
