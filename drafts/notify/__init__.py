"""What people and other programs are told of drafts: mail and webhooks."""
