"""归档: what was sealed, in a store where nobody can change it, readable without the house."""
