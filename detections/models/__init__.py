"""Every model, handed on so that Django finds them."""

from detections.models.generation import Generation
from detections.models.indicator import Indicator, RuleField, RuleIndicator, RuleName
from detections.models.naming import AliasOverride, FieldOverride
from detections.models.reader import Reader
from detections.models.rule import Domain, Platform, Rule, RuleLogSource, RuleTechnique, RuleText
from detections.models.run import Run, RunChunk
from detections.models.search import SearchedText
from detections.models.source import Source, SourceFile, SourceText
from detections.models.technique import AttackRelease, Tactic, Technique
from detections.models.version import RuleDraft, RuleUpload, RuleVersion

__all__ = [
    "AliasOverride",
    "AttackRelease",
    "Domain",
    "FieldOverride",
    "Generation",
    "Indicator",
    "Platform",
    "Reader",
    "Rule",
    "RuleDraft",
    "RuleField",
    "RuleIndicator",
    "RuleLogSource",
    "RuleName",
    "RuleTechnique",
    "RuleText",
    "RuleUpload",
    "RuleVersion",
    "Run",
    "RunChunk",
    "SearchedText",
    "Source",
    "SourceFile",
    "SourceText",
    "Tactic",
    "Technique",
]
