"""Whom to call about a site, and who is told the number."""
