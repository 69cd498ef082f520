"""One module a room of commands. Their heads import nothing heavy: `provenance verify` must start at once."""
