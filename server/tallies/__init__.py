"""How many issues there are: by state, and those that a view shows."""
