"""The kinds of procedural pictures, one module each."""

from typing import Final

from generators.procedural.kinds import (
    agate,
    attractor,
    bauhaus,
    botanical,
    flow_field,
    marbling,
    mist,
    reaction_diffusion,
    stained_glass,
    truchet,
)
from generators.procedural.scene import Kind

KINDS: Final[dict[str, Kind]] = {
    module.KIND.name: module.KIND
    for module in (
        agate,
        attractor,
        bauhaus,
        botanical,
        flow_field,
        marbling,
        mist,
        reaction_diffusion,
        stained_glass,
        truchet,
    )
}
