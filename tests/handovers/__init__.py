"""A project goes from one officer to another."""
