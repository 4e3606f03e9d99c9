"""What an operator runs: the server as one process tree, checks, and what the scheduler keeps in order."""
