"""People: who they are, how they sign in, what proves their second factor, and the record of who did what."""
