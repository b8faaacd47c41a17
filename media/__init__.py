"""Bytes that arrive in pieces and rest for decades: photographs on their way in, and at rest."""
