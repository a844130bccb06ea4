"""Readers and writers: bytes of the outside world to tables, and back."""
