"""项目: from initiation to the end of warranty."""
