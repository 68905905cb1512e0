"""How commands end, imagined at random: what each does, what befalls it, and what must be left, told by an oracle."""
