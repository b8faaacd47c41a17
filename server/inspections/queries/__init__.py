"""What the read models of this feature answer, a file a subject."""
