"""Bring a store up to date with J-Quants.

Steps:

1. the key, the store's lock, the calendar (one request, which also tells the service's time);
2. the plan: remembered for a week, else found out (:mod:`.plans`);
3. per table what is missing (:mod:`.asks`), closed months by file where the plan has files (:mod:`.bulk`);
4. several requests in flight as the plan allows (:mod:`.lanes`), answers stored by one thread in steps that
   are whole or not there (:mod:`.collect`).

Whatever ends a sync, the next one goes on after the last complete unit. Corrections come in two ways. Most
are records of their own, dated when they are published (re-filings, flows, alerts, dividends): they come with
the days of their publication, whatever they are about. What the vendor rewrites in place is found by asking
again: the last ten days once a week, older days where ``recheck`` reaches, such as factors of rights issues
that it mended for years back in June 2026. Prices are stored raw with their factors, so that a split changes
nothing that is stored.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from jqfast.data.jquants.client import BASE_URL, Client, ClientOptions
from jqfast.data.jquants.credentials import find_key
from jqfast.data.jquants.limiter import Limits
from jqfast.data.jquants.opening import begin
from jqfast.data.jquants.plans import Access, check_plan
from jqfast.data.jquants.report import Progress, SyncReport
from jqfast.data.jquants.run import Run
from jqfast.data.store import Store
from jqfast.data.tables import TABLES, Table, table

#: Not asked for unless named: today's morning bars are in the daily ones by the evening.
_ON_REQUEST = ("equities_bars_daily_am",)

Day: TypeAlias = str | dt.date | None


@dataclass(frozen=True)
class SyncOptions:
    """How to sync.

    Parameters
    ----------
    plan : free, light, standard or premium; None: found out
    rate : requests a minute; None: the plan's. Less where other programs use the same key
    recheck : days before today that are asked for again though complete; None: ten, once a week. Only what
        the vendor rewrites in place needs it; 10,000 looks at the whole history, by files where there are
    bulk : whether to use monthly files
    client : patience with single requests
    """

    plan: str | None = None
    rate: int | None = None
    recheck: int | None = None
    bulk: bool = True
    client: ClientOptions = field(default_factory=ClientOptions)

    def __post_init__(self) -> None:
        if self.plan is not None:
            check_plan(self.plan)
        if self.rate is not None and self.rate < 1:
            raise ValueError(f"`rate` must be at least 1 request a minute; got {self.rate}.")
        if self.recheck is not None and self.recheck < 0:
            raise ValueError(f"`recheck` must be 0 or more days; got {self.recheck}.")


def sync(
    store: Store | str | Path,
    *,
    start: Day = None,
    end: Day = None,
    tables: Collection[str] | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    progress: Progress | None = None,
    options: SyncOptions | None = None,
) -> SyncReport:
    """Fetch what a store lacks from J-Quants V2.

    Parameters
    ----------
    store : a store, or its folder, made if it is not there
    start : first day, ``YYYY-MM-DD``; default that of the store's first sync, else the first the plan reaches
    end : last day, default today in Japan
    tables : names or paths; default all but the morning bars
    api_key : default from ``JQUANTS_API_KEY`` or the official client's TOML files
    base_url : another address of the service
    progress : called with (table, queries done, queries in all)
    options : plan, rate, files, patience

    Returns
    -------
    SyncReport
        Per table requests, rows, what was new, what the plan refuses, what failed.

    Raises
    ------
    KeyRefusedError
        No key, or the service does not take it.
    GaveUpError
        The service could not be reached several times in a row. What is complete is kept.
    ValueError
        A mistake in an argument, or another process writes the store.
    OSError
        A full disk; the store is as it was before the last step.
    """
    options = options or SyncOptions()
    began = time.monotonic()
    chosen = _chosen(tables)
    first, last = _day("start", start), _day("end", end)
    if first and last and first > last:
        raise ValueError(f"`start` must not be after `end`; got {first} and {last}.")
    key = find_key(api_key)
    client = Client(key, base_url or BASE_URL, options=options.client)
    client.limits = Limits(options.rate or Access().rate, minute=options.client.minute, stop=client.stop)
    folder = store if isinstance(store, Store) else Store(store, create=True)
    with folder.writing() as writer:
        try:
            opening = begin(client, writer, options, first, last)
            run = Run(client, writer, options, progress or _silent, opening)
            run.fetch(chosen)
        finally:
            client.close()
    run.report.seconds = round(time.monotonic() - began, 3)
    return run.report


def _silent(table: str, done: int, total: int) -> None:
    """Shows nothing."""


def _chosen(names: Collection[str] | None) -> list[Table]:
    if names is None:
        return [each for each in TABLES.values() if each.name not in _ON_REQUEST]
    if isinstance(names, str) or not names:
        raise ValueError(f"`tables` must be a list of names of tables; got {names!r}.")
    return list(dict.fromkeys(table(name) for name in names))


def _day(name: str, value: Day) -> dt.date | None:
    if value is None or isinstance(value, dt.date):
        return value.date() if isinstance(value, dt.datetime) else value
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"`{name}` must be a day such as 2016-01-01; got {value!r}.") from None
