"""What is inside, and what changed since the last release."""
