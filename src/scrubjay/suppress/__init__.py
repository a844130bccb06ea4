"""Findings that somebody decided to live with: suppressions with reason, owner and expiry, and the baseline.

``entries`` reads them, ``context`` knows what a selector asks about a claim, ``baseline`` is the list of what was there
already, ``hide`` takes both out of a report and says what is unused or expired.
"""
