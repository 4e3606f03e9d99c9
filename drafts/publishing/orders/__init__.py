"""Standing orders: giving and revoking one, the conditions under which it publishes, and the jobs that hold it to them."""
