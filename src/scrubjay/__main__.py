"""``python -m scrubjay``: the command line where the console script is not on the path."""

from scrubjay.cli import main

main()
