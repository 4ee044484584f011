"""The colours of a query's text: spans of keywords, strings, numbers and so on, beside the marks of its conditions.

Sigma is YAML, which Pygments reads. It has no lexer for the other languages, or one for another language of that
name: theirs are tables of words over one small lexer, since all of them write strings and comments alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import ClassVar

from pygments.lexer import Lexer, RegexLexer, words
from pygments.lexers.data import YamlLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType

Span = tuple[int, int, str]  # start and end in code points, class

# What has a colour; the first kind that a token is decides.
CLASSES = (
    (Comment, "t-comment"), (Keyword, "t-word"), (Operator.Word, "t-word"), (Name.Tag, "t-name"),
    (Name.Function, "t-call"), (Name.Variable, "t-call"), (String, "t-text"), (Number, "t-number"),
)  # fmt: skip
LONGEST = 60_000  # code points that are coloured; the rest of a longer text is plain


class QueryLexer(RegexLexer):
    """Strings, comments, numbers, calls and the words of a language."""

    flags = re.IGNORECASE | re.MULTILINE
    vocabulary: ClassVar[tuple[str, ...]] = ("and", "or", "not")
    quotes: ClassVar[str] = r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"'
    comments: ClassVar[str] = r"//[^\n]*|/\*[\s\S]*?\*/"

    def __init_subclass__(cls) -> None:
        cls.tokens = {
            "root": [
                (cls.comments, Comment),
                (cls.quotes, String),
                (r"`[^`\n]*`", Name.Variable),
                (words(cls.vocabulary, prefix=r"(?<![\w.@-])", suffix=r"(?![\w.@:=-])"), Keyword),
                (r"[A-Za-z_]\w*(?=\()", Name.Function),
                (r"(?<![\w.:\\/-])\d+(?:\.\d+)?(?![\w.:\\/-])", Number),
                (r"[\w.@$%{}\\/-]+|\s+|[^\w\s]", Name),
            ]
        }


class KqlLexer(QueryLexer):
    comments = r"(?!)"


class LuceneLexer(QueryLexer):
    vocabulary = ("and", "or", "not", "to")
    comments = r"(?!)"


class EqlLexer(QueryLexer):
    quotes = r'"""[\s\S]*?"""|\??"(?:\\.|[^"\\\n])*"|\??\'(?:\\.|[^\'\\\n])*\''
    vocabulary = (
        "and", "or", "not", "in", "like", "like~", "regex", "regex~", "where", "by", "with", "maxspan", "runs", "until",
        "sequence", "sample", "join", "any", "true", "false", "null", "of",
    )  # fmt: skip


class EsqlLexer(QueryLexer):
    vocabulary = (
        "and", "or", "not", "in", "like", "rlike", "is", "null", "true", "false", "as", "by", "on", "asc", "desc",
        "nulls", "first", "last", "from", "metadata", "where", "eval", "stats", "keep", "drop", "rename", "sort",
        "limit", "grok", "dissect", "enrich", "mv_expand", "lookup", "join", "inline", "row", "show",
    )  # fmt: skip


class SplLexer(QueryLexer):
    comments = r"```[\s\S]*?```"
    vocabulary = (
        "and", "or", "not", "in", "by", "as", "where", "from", "over", "search", "tstats", "stats", "eventstats",
        "streamstats", "eval", "rex", "regex", "rename", "fields", "table", "lookup", "inputlookup", "outputlookup",
        "join", "append", "bin", "bucket", "dedup", "sort", "head", "tail", "fillnull", "mvexpand", "makemv", "spath",
        "timechart", "chart", "top", "rare", "transaction", "collect", "datamodel", "output", "outputnew",
    )  # fmt: skip


LEXERS: dict[str, type[Lexer]] = {
    "sigma": YamlLexer, "kql": KqlLexer, "eql": EqlLexer, "lucene": LuceneLexer, "esql": EsqlLexer, "spl": SplLexer,
}  # fmt: skip


def coloured(text: str, language: str) -> list[Span]:
    """The spans of a text that have a colour, in order, none over the end of a line. Nothing for other languages."""
    lexer = _lexer(language)
    return [] if lexer is None else list(_spans(lexer, text[:LONGEST]))


@cache
def _lexer(language: str) -> Lexer | None:
    kind = LEXERS.get(language)
    return kind() if kind else None


def _spans(lexer: Lexer, text: str) -> Iterator[Span]:
    for start, token, said in lexer.get_tokens_unprocessed(text):
        name = _class(token)
        if not name:
            continue
        for line in re.finditer(r"[^\n]+", said):
            yield start + line.start(), start + line.end(), name


@cache
def _class(token: _TokenType) -> str:
    return next((name for kind, name in CLASSES if token in kind), "")
