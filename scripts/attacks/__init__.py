"""Attacks on pictures with the truth about where the work is, and trials of matching that are made of them."""
