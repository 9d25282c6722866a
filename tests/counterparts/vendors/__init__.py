"""Doubles of the services that people are told through: they keep what was done to them, follow the vendors' documentation, and have bad days."""
