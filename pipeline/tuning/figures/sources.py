"""From which tables each figure of the tuning is drawn; figures and page alike take them from here."""

TABLES = {
    "effects": ("tuning/effects",),
    "candidates": ("tuning/candidates", "tuning/chosen"),
}
