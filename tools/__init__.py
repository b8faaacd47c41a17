"""Scripts for developers; nothing here is shipped or imported by the server."""
