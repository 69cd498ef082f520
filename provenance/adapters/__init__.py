"""Floor 2: what the ports are made of. Adapters do not know the use cases."""
