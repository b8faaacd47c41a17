"""Bring organisations into the register: rows of a file, and what became of each."""
