"""Whether extensions keep to the stable ABI that their tag promises, by abi3audit."""

from abi3audit._audit import audit
from abi3audit._extract import SharedObjectExtractor, SharedObjectSpec
from abi3info.models import PyVersion

_SHOWN = 5


def violations(natives: dict[str, str], lowest: tuple[int, int]) -> list[list[str]]:
    """Return pairs of a member's path and a sentence about it; ``lowest`` is the Python of the wheel's tag."""
    found = []
    baseline = PyVersion(*lowest)
    for path, place in natives.items():
        for shared in SharedObjectExtractor(SharedObjectSpec(place)):
            result = audit(shared, assume_minimum_abi3=baseline)
            if result.non_abi3_symbols:
                names = sorted(symbol.name for symbol in result.non_abi3_symbols)
                more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
                found.append([path, f"uses {', '.join(names[:_SHOWN])}{more}, outside the stable ABI"])
            elif not result.is_abi3_baseline_compatible():
                found.append(
                    [path, f"needs the stable ABI of Python {result.computed}, and its tag says {baseline}"]
                )
    return found
