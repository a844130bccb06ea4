"""The generated pages of docs/: one module a kind of page, each a function from what the program knows to Markdown."""
