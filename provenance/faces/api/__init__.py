"""The HTTP API. `create_app` is the factory that `uvicorn --factory` takes."""

from provenance.faces.api.app import create_app

__all__ = ["create_app"]
