"""Checkpoints: a signed word for the heads of all chains of the record, so that nobody rewrites it quietly."""

from drafts.publishing.checkpoints.making import Event, daily, line, make

__all__ = ["Event", "daily", "line", "make"]
