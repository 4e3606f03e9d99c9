"""Whose signatures count: the root of trust that attestations are verified with, without the network."""

from config.settings.environment import env

SIGSTORE_ROOT = env("PRESSCHECK_SIGSTORE_ROOT")
