"""Bodies of the API, one module a resource. Names are snake_case; certificates keep the names of their standards."""
