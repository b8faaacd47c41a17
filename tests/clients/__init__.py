"""The two public tus clients against the live server."""
