"""Upstream targets: where publishing sends files besides this index. Nothing else reaches an upstream index."""
