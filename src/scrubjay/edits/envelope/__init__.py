"""The form of the file: envelope, segments and elements that a front end refuses before anyone looks at codes."""
