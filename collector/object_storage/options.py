"""Options of whatever keeps objects."""

from __future__ import annotations

from pydantic import SecretStr

from collector.component import Config


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
