"""隐患: what was found, who puts it right by when, and who confirmed that it was."""
