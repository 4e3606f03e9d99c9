"""The only ways in: who may see and do what (asking), and the acts on tokens and draft links."""
