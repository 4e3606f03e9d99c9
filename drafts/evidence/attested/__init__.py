"""Attestations (PEP 740, in-toto and SLSA statements, Sigstore bundles): is the signature good, and whose is it?

``verify`` tells who signed for a file, without the network; ``identity`` tells whether that is whom the project registered.
"""
