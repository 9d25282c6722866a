"""What is said of a listener that can't be."""

from __future__ import annotations

from collector.errors import ConfigError, Problem


def cannot_listen(block: str, endpoint: str, error: Exception, option: str = "endpoint") -> ConfigError:
    """Why `endpoint`, which `option` names, of `block` (`receivers.otlp.protocols.http`), can't be listened on."""
    problem = Problem(
        f"{block}: cannot listen on {endpoint}: {_reason(error)}",
        code="receiver/listen",
        hint=f"free the address, or choose another one in {block}.{option}",
    )
    return ConfigError([problem])


def _reason(error: Exception) -> str:
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
