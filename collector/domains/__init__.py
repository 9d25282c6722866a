"""Domains: the tenants. Which one a request belongs to is decided here, and nothing crosses from one to another."""
