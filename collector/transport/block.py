"""`Block`: the base of option blocks that several components share (TLS, gRPC server, HTTP server)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """Frozen, unknown keys refused, each field described by the text under it; the same rules as a component's options."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
