"""Stored records through a configuration once more, in event time and a state that is thrown away: what it would have decided."""
