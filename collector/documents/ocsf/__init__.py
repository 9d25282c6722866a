"""Events of the Open Cybersecurity Schema Framework (https://schema.ocsf.io), encoded from columns.

`classify` says which class a record becomes and why; `README` of the exporters that offer the model repeat it.
"""

from __future__ import annotations

from collector.documents.ocsf.documents import ocsf_json

__all__ = ["ocsf_json"]
