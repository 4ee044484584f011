"""Every model in Django's admin."""

from catalog.admin import aliases, attack, indicators, people, rules, runs, sources, tokens, versions

__all__ = ["aliases", "attack", "indicators", "people", "rules", "runs", "sources", "tokens", "versions"]
