"""Compile the publishers' files and the project's own tables into ``src/scrubjay/refs``, one module per publisher."""
