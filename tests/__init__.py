"""Tests: through the front door, with real clients, real processes and a real browser."""
