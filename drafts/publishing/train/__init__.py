"""Trains: which drafts go together, the one act that publishes them, and the job behind it."""

from drafts.publishing.train.join import board, joins

__all__ = ["board", "joins"]
