"""Rules read again without their checkout: from the text that the catalog keeps, with what it was read with."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from detections.documents.document import RuleDocument
from detections.documents.problem import Problem, UnreadableError
from detections.models import Rule, Source, SourceText
from detections.models.bulk import insert_rows
from detections.vendors import VENDORS
from detections.vendors.vendor import ReadWith


def keep_read_with(source: Source, read_with: ReadWith) -> None:
    """Store what the rules of a source are read with, when it is not what is stored. Inside a transaction."""
    if source.read_with_digest == read_with.digest:
        return
    SourceText.objects.filter(source=source).delete()
    rows = [(source.pk, name[:300], text) for name, text in sorted(read_with.texts.items())]
    insert_rows(SourceText, ["source", "name", "text"], rows)
    source.read_with_digest = read_with.digest
    Source.objects.filter(pk=source.pk).update(read_with_digest=read_with.digest)


def read_with_of(source: Source) -> ReadWith:
    """What the rules of a source are read with when its checkout is not at hand."""
    texts = dict(SourceText.objects.filter(source=source).values_list("name", "text"))
    return with_shared(source, ReadWith(texts, source.read_with_digest))


def with_shared(source: Source, own: ReadWith) -> ReadWith:
    """A team's texts over those of the vendor whose format it writes: its rules call the vendor's macros, too.

    The vendor's own rules are read with the vendor's texts alone.
    """
    if source.slug == source.vendor:
        return own
    vendors = Source.objects.filter(slug=source.vendor, public=True).exclude(read_with_digest="").first()
    if vendors is None:
        return own
    shared = dict(SourceText.objects.filter(source=vendors).values_list("name", "text"))
    digest = hashlib.sha256(f"{own.digest} {vendors.read_with_digest}".encode()).hexdigest()
    return ReadWith({**shared, **own.texts}, digest, own.problems)


def document_of(source: Source, text: str, path: str, read_with: ReadWith, own_id: str = "") -> RuleDocument:
    """The rule that a text holds; of several the one with the id. Raises `UnreadableError` when it holds none."""
    try:
        reading = VENDORS[source.vendor].read(text, path.split("#")[0], read_with)
    except RecursionError as error:
        raise UnreadableError(Problem("The text is nested too deep to be read. Flatten it.", path)) from error
    documents = {document.own_id: document for document in reversed(reading.documents)}
    if not documents:
        problem = reading.problems[0] if reading.problems else Problem("The text holds no rule.", path)
        raise UnreadableError(problem)
    return documents.get(own_id) or reading.documents[0]


def stored_document(rule: Rule, read_with: ReadWith, text: str | None = None) -> RuleDocument:
    """A rule of the catalog as its vendor's document, at its own address; with `text` in place of the stored one.

    Raises `UnreadableError` when the text holds no rule any more.
    """
    held = rule.text.text if text is None else text
    document = document_of(rule.source, held, rule.path, read_with, rule.own_id)
    return replace(document, own_id=rule.own_id, path=rule.path, line=rule.text.line)
