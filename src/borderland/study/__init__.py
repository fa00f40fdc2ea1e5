"""What this article asks: frame, composition, models, regions, contacts, claims, wording."""

__all__ = [
    "claims",
    "composition",
    "contacts",
    "curves",
    "frame",
    "integration",
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
]
