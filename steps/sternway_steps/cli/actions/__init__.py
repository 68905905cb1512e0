"""What each command does: a call of the session, and what is printed of the result."""
