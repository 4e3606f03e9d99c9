"""Programs that measure and try Presscheck; no part of the server."""
