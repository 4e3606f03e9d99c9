"""Drafts of releases: staging, evidence, review, publishing and the index they end in."""
