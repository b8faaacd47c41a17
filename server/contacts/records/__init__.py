"""The kinds of record this feature keeps, one file each."""
