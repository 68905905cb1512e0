"""How long things take in the sandbox, in seconds: in the order of a real node, but faster."""

PULL = 0.02
BACK_OFF = 0.3
"""After a failed pull, ErrImagePull becomes ImagePullBackOff."""
START = 0.02
PROBE = 0.02
RESTART = 0.1
"""Before the first restart of a crashed container; doubled for each further one, up to MOST_RESTART."""
MOST_RESTART = 5.0
