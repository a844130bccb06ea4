"""Facts: the tables of a batch with everything that dated references and policy say about each row.

Look-ups are made once per distinct code and day, not per line and not per edit; edits then filter columns.
"""

from __future__ import annotations

from scrubjay.facts.prepare import Facts, Run, prepare

__all__ = ["Facts", "Run", "prepare"]
