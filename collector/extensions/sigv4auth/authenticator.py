"""`sigv4auth`: each request of an exporter is signed with the keys that AWS gives to this place."""

from __future__ import annotations

from collector.component import Context
from collector.extensions.sigv4auth.config import SigV4AuthConfig
from collector.transport.aws.signer import Signer


class SigV4Auth(Signer):
    """The signer that the options describe."""

    def __init__(self, config: SigV4AuthConfig, context: Context) -> None:
        del context
        super().__init__(config.region, config.service, config.assume_role)
