"""Reading a note: text to administrations, each value with its span."""
