"""Tiles of the transparency log as files, in the layout in which they are served (the `TileCache` port)."""

from provenance.adapters.tiles.folder import TileFolder

__all__ = ["TileFolder"]
