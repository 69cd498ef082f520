"""Every query of the service. One module a port in `core/ports.py`; records in, records out."""
