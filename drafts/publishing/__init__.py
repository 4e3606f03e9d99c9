"""Publishing: what stands between a draft and the button, and the act itself."""
