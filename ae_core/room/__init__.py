"""A room: phones that vote and draw for one presenter, kept in the store until the room is closed."""
