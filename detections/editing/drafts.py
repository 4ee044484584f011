"""Drafts: what somebody typed that is no rule yet. They count nowhere and only staff see them."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from detections.analysis.rows import problem_json
from detections.documents.decoding import check_text
from detections.documents.problem import UnreadableError
from detections.editing.errors import EditError
from detections.editing.preview import preview
from detections.editing.rules import Edit, create_rule, save_rule
from detections.models import Rule, RuleDraft, Source


def save_draft(
    source: Source,
    edit: Edit,
    author: AbstractBaseUser | None,
    rule: Rule | None = None,
    draft: RuleDraft | None = None,
) -> RuleDraft:
    """Keep a text as it is, with what is wrong in it. `draft` is the one that it replaces, None for a new one."""
    try:
        check_text(edit.text)
    except UnreadableError as error:
        raise EditError(str(error.problem)) from error
    row = draft or RuleDraft(source=source, rule=rule)
    row.author, row.text, row.overrides, row.reason = author, edit.text, edit.overrides.json(), edit.reason[:500]
    row.based_on = edit.version
    read = preview(source, edit.text, edit.overrides, rule=rule)
    row.problems = [problem_json(problem) for problem in read.problems]
    row.save()
    return row


def drop_draft(draft: RuleDraft) -> None:
    """Throw a draft away."""
    draft.delete()


@transaction.atomic
def publish_draft(draft: RuleDraft, edit: Edit, author: AbstractBaseUser | None) -> Rule:
    """Make the rule that a draft was meant to be, and drop the draft. Raises what saving and creating raise."""
    if draft.rule is not None:
        rule = save_rule(draft.rule, edit, author)
    else:
        rule = create_rule(draft.source, edit.text, edit.overrides, edit.reason, author)
    draft.delete()
    return rule
