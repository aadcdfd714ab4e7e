"""What visitors read, in the language of this server."""
