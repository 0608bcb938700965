"""From which tables each figure of the sweeps is drawn; figures and page alike take them from here."""

TABLES = {
    "worth": ("sweeps/worth",),
    "train_pairs": ("sweeps/runs", "sweeps/accuracy"),
    "effects": ("sweeps/effects",),
    "aux_weight": ("sweeps/runs", "sweeps/accuracy"),
}
