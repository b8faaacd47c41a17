"""Tests of how the house runs: its figures, its standing, its way behind proxies."""
