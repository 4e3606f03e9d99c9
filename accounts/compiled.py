"""Questions that Django writes in SQL once in a process: for doors where writing one costs more than asking it."""

import inspect
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.query import RawQuerySet
from django.db.transaction import TransactionManagementError

if TYPE_CHECKING:
    from collections.abc import Callable

M = TypeVar("M", bound=models.Model)
Value = int | str | datetime
_NUMBER = 8_000_000_000_000_000  # stands in for a value while a question is written; no row has such an id
_MOMENT = datetime(9000, 1, 1, tzinfo=UTC)


class Compiled(Generic[M]):
    """A queryset as a function of values that are named, each annotated as ``int``, ``str`` or ``datetime``.

    It is called once for each kind of database, with stand-ins; what it asks for then is asked with other values. So it
    must use each value, and must not look at any.
    """

    def __init__(self, ask: "Callable[..., models.QuerySet[M, Any]]") -> None:
        self._ask = ask
        self._stand_ins = {
            name: _stand_in(parameter.annotation, number)
            for number, (name, parameter) in enumerate(inspect.signature(ask).parameters.items())
        }
        self._written: dict[str, _Written] = {}

    def models(self, **values: Value) -> list[M]:
        """Return the rows as objects; rows of other tables do not come along."""
        written = self._of_this_database()
        return list(RawQuerySet(written.sql, model=written.model, params=tuple(written.with_(values))))

    def rows(self, **values: Value) -> list[tuple[Any, ...]]:
        """Return the rows as the database says them: truth may be 1, and a sum a Decimal."""
        written = self._of_this_database()
        with connection.cursor() as cursor:
            cursor.execute(written.sql, written.with_(values))
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def _of_this_database(self) -> "_Written":
        written = self._written.get(connection.vendor)
        if written is None:
            written = _Written(self._ask(**self._stand_ins), self._stand_ins)
            self._written[connection.vendor] = written
        if written.locks and not connection.in_atomic_block:
            raise TransactionManagementError("a row is locked for a transaction, and there is none")
        return written


class _Written:
    """A question in the SQL of one kind of database, and where its values go."""

    def __init__(self, queryset: "models.QuerySet[Any, Any]", stand_ins: dict[str, Value]) -> None:
        self.model, self.locks = queryset.model, queryset.query.select_for_update
        self.sql, parameters = queryset.query.get_compiler(connection=connection).as_sql()
        known = {str(_adapted(value)): name for name, value in stand_ins.items()}
        self._places = [(known.get(str(given), ""), given) for given in parameters]
        missing = set(stand_ins) - {name for name, _ in self._places}
        if missing:
            raise TypeError(f"the question does not use {', '.join(sorted(missing))}")

    def with_(self, values: dict[str, Value]) -> list[Any]:
        """Return the parameters. Raises KeyError when a value is missing."""
        return [_adapted(values[name]) if name else given for name, given in self._places]


def _stand_in(kind: type, number: int) -> Value:
    if kind is datetime:
        return _MOMENT + timedelta(days=number)
    return str(_NUMBER + number) if kind is str else _NUMBER + number


def _adapted(value: Value) -> Any:
    """Return a value as the database's driver takes it."""
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
