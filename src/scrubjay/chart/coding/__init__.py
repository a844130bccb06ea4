"""A chart to proposed claim lines: what was given, under which codes, how many units, and why."""
