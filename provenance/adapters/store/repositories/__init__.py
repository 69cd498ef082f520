"""Every query of the service. One module a port in `core/ports/`; records in, records out."""
