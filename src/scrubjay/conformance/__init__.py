"""The implementation guide's own rules, judged by pyx12 in a process of its own."""
