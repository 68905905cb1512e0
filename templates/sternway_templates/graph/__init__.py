"""Drawings of the saga, made from the plan that the runners follow; needs neither a cluster nor Hera."""
