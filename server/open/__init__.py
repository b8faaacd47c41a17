"""公开: pages that anybody may read: no sign-in, no script, nothing personal."""
