"""文号: formal numbers of papers: one register per authority, kind and year, every number accounted for."""
