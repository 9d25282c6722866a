"""Personal data: whose a record is, and what becomes of it."""
