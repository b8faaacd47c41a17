"""Use cases of this feature, a file a subject."""
