"""What the service does: one file, one verb. A use case asks ports; it never commits and has no clock of its own."""
