"""Identity tokens of CI jobs (OpenID Connect): read as enemies, verified, and exchanged for upload tokens."""
