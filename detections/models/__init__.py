"""Every model, handed on so that Django finds them."""

from detections.models.generation import Generation
from detections.models.indicator import Indicator, RuleField, RuleIndicator
from detections.models.reader import Reader
from detections.models.rule import Domain, Platform, Rule, RuleLogSource, RuleTechnique, RuleText
from detections.models.run import Run
from detections.models.source import Source, SourceFile
from detections.models.technique import AttackRelease, Tactic, Technique

__all__ = [
    "AttackRelease",
    "Domain",
    "Generation",
    "Indicator",
    "Platform",
    "Reader",
    "Rule",
    "RuleField",
    "RuleIndicator",
    "RuleLogSource",
    "RuleTechnique",
    "RuleText",
    "Run",
    "Source",
    "SourceFile",
    "Tactic",
    "Technique",
]
