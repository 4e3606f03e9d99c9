"""The fault campaign: a real server, acts at once, a fault at a random moment, and all ten promises read from the whole state."""
