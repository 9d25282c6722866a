"""Personal data: whose a record is, what must not be read of it, and what becomes of it."""
