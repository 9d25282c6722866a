"""Which errors are the same fault."""
