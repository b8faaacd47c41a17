"""What must hold when the process is killed, the power goes, or forty phones come at once."""
