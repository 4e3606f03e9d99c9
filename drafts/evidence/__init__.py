"""What CI said about the files of a draft: reading logs and comparing digests."""
