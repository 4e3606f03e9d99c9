"""Local doubles of what this server fetches from: real HTTP on loopback."""
