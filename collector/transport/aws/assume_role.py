"""A role to take on with AWS keys."""

from __future__ import annotations

from collector.component import Config


class AssumeRole(Config):
    """A role to take on."""

    arn: str = ""
    """The role; empty = none."""
    session_name: str = ""
    """What the session is called; empty = `logboom`."""
    sts_region: str = ""
    """Where STS is asked; empty = `region`."""
    external_id: str = ""
    """What the role's owner asks for besides."""
    web_identity_token_file: str = ""
    """A file with a token that buys the role, as EKS mounts one; it is read each time."""
