"""What this article asks: frame, composition, models, regions, contacts, claims, wording, hues."""

__all__ = [
    "claims",
    "composition",
    "contacts",
    "curves",
    "frame",
    "integration",
    "labels",
    "language",
    "migration",
    "models",
    "palette",
    "populations",
    "regional",
    "scale",
    "sources",
    "statements",
    "turns",
    "variants",
    "wording",
    "world",
]
