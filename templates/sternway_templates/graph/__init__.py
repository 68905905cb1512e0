"""The saga as a picture, made from the plan that the runners walk; needs neither a cluster nor Hera."""
