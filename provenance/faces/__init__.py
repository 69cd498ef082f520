"""Floor 4: the ways in. Faces do not know each other; each translates errors once."""
