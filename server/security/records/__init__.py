"""What the watchbook becomes."""
