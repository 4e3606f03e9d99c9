"""What a newcomer reads once the server runs."""


def lines(*, with_sample: bool) -> list[str]:
    del with_sample
    return []
