"""Options of `backup`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from collector.component import Config
from collector.units import Duration


class StorageConfig(Config):
    """Of an object storage, beside what the environment says (`AWS_ACCESS_KEY_ID` …)."""

    endpoint: str | None = None
    """URL of a storage that is not Amazon's."""
    region: str | None = None
    """`auto` for R2."""
    access_key_id: str | None = None
    """Better from the environment."""
    secret_access_key: SecretStr | None = None
    """Better from the environment."""
    allow_http: bool = False
    """Let it be reached in the clear."""
    skip_signature: bool = False
    """Sign nothing: whoever reaches it may write."""

    def options(self) -> dict[str, str]:
        """By the names of the client, what was said of them."""
        said = self.model_dump(exclude_none=True, exclude_defaults=True)
        return {name: _text(value) for name, value in said.items()}


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "true" if value is True else str(value)


class BackupConfig(Config):
    """Where, how often, how many."""

    to: str = Field(min_length=1)
    """A folder (of another disk), or `s3://bucket/prefix`, `gs://…`, `az://…` with the extra `backup`."""
    storage: StorageConfig = StorageConfig()
    """Options of the object storage."""
    interval: Duration = Field(3600.0, gt=0)
    """Time between two snapshots of journals, ledger and stores. One is taken at each start, and at each orderly end."""
    keep: int = Field(24, ge=1)
    """How many snapshots stay."""
    follow: Duration = Field(0.5, ge=0)
    """How often what was committed to a store since is sent after the snapshot; 0 = not at all."""
    restore: Literal["never", "when_empty"] = "never"
    """`when_empty`: a start without a data directory makes it of the newest snapshot, if there is one."""
