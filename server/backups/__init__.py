"""备份: one file that holds the whole house as it stood at one moment, and the way back from it."""
