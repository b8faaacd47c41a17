"""交接: who answers for a project, since when, and how it goes from one officer to another."""
