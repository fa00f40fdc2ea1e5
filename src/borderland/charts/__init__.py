"""Theme, marks and kinds of chart; none knows a country."""

__all__ = ["bars", "coefficients", "grids", "lines", "maps", "marks", "points", "theme"]
