"""Where the keys of a data directory are: `encryption.json` in it, for commands, and for a service where encryption was switched off.

It names the file of keys and where the master key comes from; neither is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from collector.encryption import private_file
from collector.errors import KeysUnavailable

if TYPE_CHECKING:
    from collector.encryption.key_ring import KeyRing  # loads cryptography and SQLite, which few processes need

PLACE = "encryption.json"


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where keys are.

    Args:
        keys: the file of keys.
        source: where the master key comes from: `file`, `environment`, `command`, or the name of a plugin.
        options: of the source.
    """

    keys: Path
    source: str
    options: Mapping[str, object] = field(default_factory=dict)

    def ring(self, seals: bool = True) -> KeyRing:
        """The keys; nothing is read yet."""
        from collector.encryption.key_ring import KeyRing
        from collector.encryption.sources import opened

        return KeyRing(self.keys, partial(opened, self.source, self.options), seals)

    def remember(self, root: Path) -> None:
        """For whoever comes without the configuration."""
        text = json.dumps(asdict(self) | {"keys": str(self.keys)}, indent=1) + "\n"
        path = root / PLACE
        if not path.exists() or path.read_text() != text:
            private_file.replace(path, text)

    @classmethod
    def remembered(cls, root: Path) -> Self | None:
        """As `remember` left it; None where nothing was ever encrypted.

        Raises:
            KeysUnavailable: it can't be read.
        """
        path = root / PLACE
        try:
            said = json.loads(path.read_text())
            return cls(Path(said["keys"]), said["source"], said["options"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeysUnavailable(f"{path} can't be read: {error}") from error


def default_keys(root: Path) -> Path:
    """Where the file of keys is, unless the configuration says otherwise."""
    from collector.encryption.key_store import FILE

    return root / FILE
