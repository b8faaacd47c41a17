"""检查: visits to a site, what was looked at, what was found."""
