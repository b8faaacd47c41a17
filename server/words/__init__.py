"""Finding records by the words in them, from the first character on."""
