"""The scenes of the demonstration pictures."""
