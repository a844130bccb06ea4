"""Mending claims: patches of single elements on the original bytes, what depends on them, and a record of each.

``document`` knows where the segments stand, ``patches`` what an edit proposes and what a person accepted, ``placing`` turns
that into new bytes, ``rebalance`` adds the totals and counts that follow, ``repair`` repeats until nothing changes and judges
the result, ``audit`` and ``changes`` write down and show what was done.
"""
