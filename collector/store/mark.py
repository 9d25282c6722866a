"""By what a store is known again: a name drawn when its tables were made, and how often events changed them since.

Owners of state are asked to tell it again (`Republishes`) when a store has another name than the one that was told (it is new, or a migration
changed its tables) or a smaller number (an older copy stands in its place).
"""

from __future__ import annotations

DRAW_ANEW = "UPDATE logboom_store SET name = lower(hex(randomblob(16)))"
"""Behind a change of tables: what stands in them lacks something now."""
READ = "SELECT name, changes FROM logboom_store"
CHANGED = "UPDATE logboom_store SET changes = changes + 1 RETURNING name, changes"
"""In the transaction in which events are written."""
