"""Errors that reach a person: one clear line each, without patient data."""

from __future__ import annotations


class ScrubjayError(Exception):
    """Something the user can act on; its text is one line that says what, where and what to do."""


class InputError(ScrubjayError):
    """An input cannot be read as what it must be.

    ``file`` is the name as given, ``segment`` the 1-based segment number where that is known.
    """

    def __init__(self, file: str, message: str, segment: int | None = None) -> None:
        self.file = file
        self.segment = segment
        self.message = message
        where = f"{file}: segment {segment}" if segment is not None else file
        super().__init__(f"{where}: {message}")


class ReferenceDataError(ScrubjayError):
    """A reference table is missing, damaged or overlaps another edition."""


class PolicyError(ScrubjayError):
    """A policy file cannot be read or contradicts itself."""
