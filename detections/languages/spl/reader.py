"""Reads Splunk's Search Processing Language: text and macros -> tree of conditions. The one door of this folder."""

from __future__ import annotations

from collections.abc import Mapping

from detections.languages.parsing import MAX_LENGTH, Findings
from detections.languages.spl.lowering import Lowering
from detections.languages.spl.macros import Expander
from detections.languages.tree import Reading


def read(text: str, macros: Mapping[str, str] | None = None) -> Reading:
    """What an SPL search says. Never raises: what cannot be read is a problem with its place.

    `macros` maps a macro's name, with the number of its arguments behind it as Splunk names it (`window(2)`), to its
    definition: JSON of {definition, arguments}, or the bare text of a macro without arguments. Offsets are those of
    `text`; a condition that came from a macro has the place of the macro's call.
    """
    findings = Findings(text)
    if not text.strip():
        findings.add(0, len(text), "The query is empty.")
        return findings.reading(None)
    if len(text) > MAX_LENGTH:
        findings.add(0, 0, f"The query has {len(text)} characters; at most {MAX_LENGTH} are read. Split it.")
        return findings.reading(None)
    expander = Expander(macros or {}, findings)
    source = expander.expand(text)
    inner = Findings(source.text)
    lowering = Lowering(source.text, source.place, inner, expander)
    tree = lowering.lower()
    for problem in inner.problems:
        start, end = source.place(problem.start or 0, problem.end or 0)
        findings.add(start, end, problem.message, problem.severity)
    findings.incomplete = findings.incomplete or inner.incomplete
    return findings.reading(tree, tuple(lowering.beside))
