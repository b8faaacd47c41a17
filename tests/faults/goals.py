"""What media.md §4 wants of a full-size run, said beside what was seen: a small one measures the machine."""


def goal(seen: float, most: float, unit: str) -> str:
    """Such as "0.31 s (goal 1 s: met)"."""
    return f"{seen:.3g} {unit} (goal {most:g} {unit}: {'met' if seen <= most else 'MISSED'})"
