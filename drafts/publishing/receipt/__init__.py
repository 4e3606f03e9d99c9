"""Receipts: signed statements of what was published, when, by whom and on what evidence, checked without this server."""
