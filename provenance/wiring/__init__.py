"""Put the parts together: the only room that knows everyone.

`parts` are adapters and engines, `service` the use cases around them, `housekeeping` what goes on in the background,
`health` what a person or a load balancer asks.
"""

from provenance.wiring.service import Service, new_id, utc_now

__all__ = ["Service", "new_id", "utc_now"]
