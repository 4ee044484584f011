"""Code-point order, the same on every database: for every ordering that a reader sees and every tie at a limit."""

from typing import Any

from django.db.models import CharField, Func
from django.db.models.sql.compiler import SQLCompiler


class CodePoint(Func):
    """A text ordered by code points. PostgreSQL needs collation C for it; SQLite compares bytes already."""

    template = "%(expressions)s"
    output_field = CharField()
    arity = 1

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template='(%(expressions)s) COLLATE "C"', **context)


def code_point(expression: Any) -> CodePoint:
    """`expression` (a field name or an expression) for use in `order_by`, `Min` and window orderings."""
    return CodePoint(expression)
