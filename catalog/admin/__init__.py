"""Every model in Django's admin."""

from catalog.admin import attack, indicators, rules, runs, sources

__all__ = ["attack", "indicators", "rules", "runs", "sources"]
