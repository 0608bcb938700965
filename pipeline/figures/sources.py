"""From which tables each figure is drawn; figures and page alike take them from here."""

TABLES = {
    "test_accuracy": ("runs", "summary"),
    "effects": ("effect_runs", "effects"),
    "further_effects": ("effect_runs", "effects"),
    "learning_curves": ("curves", "summary"),
    "accuracy_by_gap": ("gaps",),
    "digit_confusion": ("confusion",),
}
