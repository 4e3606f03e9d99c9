"""SQL that Django writes once in a process: for doors where writing a question, or a row, costs more than asking it."""

import inspect
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.transaction import TransactionManagementError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.backends.base.base import BaseDatabaseWrapper

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
        self._stand_ins = _stand_ins(ask)
        self._written: dict[str, _Written] = {}

    def models(self, **values: Value) -> list[M]:
        """Return the rows as objects; rows of other tables do not come along."""
        connection = _connection()
        written = self._of(connection)
        rows = _fetched(connection, written.sql, written.with_(values, connection))
        return [written.model_of(row, connection) for row in rows]

    def rows(self, **values: Value) -> list[tuple[Any, ...]]:
        """Return the rows as the database says them: truth may be 1, and a sum a Decimal."""
        connection = _connection()
        written = self._of(connection)
        return _fetched(connection, written.sql, written.with_(values, connection))

    def _of(self, connection: "BaseDatabaseWrapper") -> "_Written":
        written = self._written.get(connection.vendor)
        if written is None:
            written = _Written(self._ask(**self._stand_ins), self._stand_ins, connection)
            self._written[connection.vendor] = written
        if written.locks and not connection.in_atomic_block:
            raise TransactionManagementError("a row is locked for a transaction, and there is none")
        return written


class CompiledUpdate:
    """An UPDATE as a function of values that are named, as ``Compiled`` is of a question: the rows, and what is set."""

    def __init__(self, ask: "Callable[..., tuple[models.QuerySet[Any, Any], dict[str, Any]]]") -> None:
        self._ask, self._stand_ins = ask, _stand_ins(ask)
        self._written: dict[str, _Places] = {}
        self._sql: dict[str, str] = {}

    def do(self, **values: Value) -> int:
        """Change the rows and return how many there were."""
        connection = _connection()
        vendor = connection.vendor
        if vendor not in self._written:
            rows, change = self._ask(**self._stand_ins)
            query = cast("UpdateQuery", rows.query.chain(UpdateQuery))
            query.add_update_values(change)
            self._sql[vendor], parameters = query.get_compiler(connection=connection).as_sql()
            self._written[vendor] = _Places(parameters, self._stand_ins, connection)
        with connection.cursor() as cursor:
            cursor.execute(self._sql[vendor], self._written[vendor].with_(values, connection))
            return int(cursor.rowcount)


class _Places:
    """Where the values of a statement go."""

    def __init__(
        self, parameters: "Iterable[Any]", stand_ins: dict[str, Value], connection: "BaseDatabaseWrapper"
    ) -> None:
        known = {str(_adapted(value, connection)): name for name, value in stand_ins.items()}
        self._places = [(known.get(str(given), ""), given) for given in parameters]
        missing = set(stand_ins) - {name for name, _ in self._places}
        if missing:
            raise TypeError(f"the question does not use {', '.join(sorted(missing))}")

    def with_(self, values: dict[str, Value], connection: "BaseDatabaseWrapper") -> list[Any]:
        """Return the parameters. Raises KeyError when a value is missing."""
        return [_adapted(values[name], connection) if name else given for name, given in self._places]


class _Written:
    """A question in the SQL of one kind of database, and where its values go."""

    def __init__(
        self,
        queryset: "models.QuerySet[Any, Any]",
        stand_ins: dict[str, Value],
        connection: "BaseDatabaseWrapper",
    ) -> None:
        self._model, self.locks = queryset.model, queryset.query.select_for_update
        compiler = queryset.query.get_compiler(connection=connection)
        self.sql, parameters = compiler.as_sql()
        columns = [expression for expression, _, _ in compiler.select]
        self._names = [getattr(column, "target", None) and column.target.attname for column in columns]
        self._converters = [
            (place, functions, expression)
            for place, (functions, expression) in compiler.get_converters(columns).items()
        ]
        self.with_ = _Places(parameters, stand_ins, connection).with_

    def model_of(self, row: tuple[Any, ...], connection: "BaseDatabaseWrapper") -> Any:
        """Return one row of the answer as an object."""
        values = list(row)
        for place, functions, expression in self._converters:
            for function in functions:
                values[place] = function(values[place], expression, connection)
        return self._model.from_db(connection.alias, self._names, values)


def insert(row: models.Model) -> None:
    """Write a new row of a model without parents; no signal is sent, and nothing that has an id is written again."""
    connection = _connection()
    written = _INSERTIONS.get((connection.vendor, type(row)))
    if written is None:
        written = _INSERTIONS[connection.vendor, type(row)] = _Insertion(row, connection)
    written.insert(row, connection)


class _Insertion:
    """The SQL that writes a row of one model; the database gives the id, unless it is a key of the row's own."""

    def __init__(self, row: models.Model, connection: "BaseDatabaseWrapper") -> None:
        meta = row._meta  # noqa: SLF001  Django's own documented interface
        self._fields = [
            field
            for field in meta.concrete_fields
            if not isinstance(field, models.AutoField | models.BigAutoField)
        ]
        self._given = list(meta.db_returning_fields)
        query = InsertQuery(type(row))
        query.insert_values(self._fields, [row])
        compiler = query.get_compiler(connection=connection)
        compiler.returning_fields = self._given
        ((self._sql, _),) = compiler.as_sql()

    def insert(self, row: models.Model, connection: "BaseDatabaseWrapper") -> None:
        values = [
            field.get_db_prep_save(field.pre_save(row, add=True), connection=connection)
            for field in self._fields
        ]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, values)
            given = cursor.fetchone() if self._given else ()
        for field, value in zip(self._given, given, strict=True):
            setattr(row, field.attname, value)
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001  documented, too


_INSERTIONS: dict[tuple[str, type[models.Model]], _Insertion] = {}


def _connection() -> "BaseDatabaseWrapper":
    """Return this thread's connection itself: the proxy that Django offers looks for it at every attribute."""
    return connections[DEFAULT_DB_ALIAS]


def _fetched(connection: "BaseDatabaseWrapper", sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _stand_ins(ask: "Callable[..., Any]") -> dict[str, Value]:
    parameters = inspect.signature(ask).parameters.items()
    return {
        name: _stand_in(parameter.annotation, number) for number, (name, parameter) in enumerate(parameters)
    }


def _stand_in(kind: type, number: int) -> Value:
    if kind is datetime:
        return _MOMENT + timedelta(days=number)
    return str(_NUMBER + number) if kind is str else _NUMBER + number


def _adapted(value: Value, connection: "BaseDatabaseWrapper") -> Any:
    """Return a value as the database's driver takes it."""
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
