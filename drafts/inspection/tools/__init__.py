"""The field's own tools, which were not written for hostile files: each runs in a child process, fenced in."""
