"""What the house keeps of evidence as records."""
