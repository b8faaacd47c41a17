"""What was signed, what proves it, and who is not believed."""
