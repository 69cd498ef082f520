"""Floor 0: types, errors, ports and policy. Pure: no network, database, clock or disk."""
