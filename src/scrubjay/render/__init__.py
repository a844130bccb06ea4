"""Findings to every output format: one small pure function per format, none of which decides anything."""
