"""Prices in: any table of daily bars becomes a :class:`Panel`.

Goes in: a file, pasted text or a frame, long or wide. Comes out: dense point-in-time arrays. Steps:

1. open the source as columns (``sources``, ``text``) and find out what they mean (``names``);
2. parse and scatter them into dates x codes (``parse``, ``dense``);
3. write "no trade" one way and find bars that contradict themselves (``quality``);
4. bring raw prices to the forward basis (``adjust``), sessions to a calendar if asked for (``calendar``);
5. complete: listing spans, missing sessions, turnover, limits, categories (``complete``, ``sectors``).
"""

from __future__ import annotations

import logging
from typing import Any, Literal, get_args

from jqfast.data import adjust, complete, dense, names, quality
from jqfast.data import calendar as calendars
from jqfast.data import sectors as categories
from jqfast.data.dense import Bars
from jqfast.data.panel import Panel, PanelInfo
from jqfast.data.sources import Table, describe, open_source
from jqfast.errors import unknown

BadRows = Literal["error", "null"]

_LOG = logging.getLogger("jqfast")


def read_prices(
    source: Any,
    *,
    bad: BadRows = "error",
    calendar: str | None = None,
    sectors: Any = None,
    session_share: float = 0.05,
    code: str | None = None,
) -> Panel:
    """The panel of a table of daily bars.

    Parameters
    ----------
    source : path of a Parquet, CSV or TSV file (also .gz); pasted text; a long frame (pandas, Arrow, Polars,
        anything that exports Arrow) with one row per date and code; or wide frames of dates x codes, as a
        mapping ``{"close": frame, ...}`` or with (field, code) columns. Names in English, J-Quants V1 and
        V2, or Japanese. Needed: date, code, open, high, low, close, volume. Used where there: turnover,
        adj_factor, limit, sectors, market.
    bad : what to do with rows that contradict themselves (high below low, price <= 0, ...) and with text in
        numbers: ``"error"`` lists them, ``"null"`` goes on with NaN in their place and counts them
    calendar : ``"XTKS"`` or another exchange, to put the bars on its sessions; None: the dates of the data
    sectors : list of issues with code and sector33, or a mapping code -> sector33
    session_share : a date on which a smaller share of the listed stocks traded is no session (decision 24)
    code : the code of a table of one stock that has no code column

    Returns
    -------
    Panel
        Prices in the currency of the source per share, float64. With raw prices and ``adj_factor`` on the
        forward basis (decision 3, ``price_basis="forward"``), else as delivered. No trade: OHLC NaN, volume
        0. Not listed: all NaN. Bars left out by ``bad="null"``: all NaN, still listed.

    Raises
    ------
    ValueError, TypeError
        A missing or ambiguous column, text in a number, dates unparsable or with a time zone, an unknown
        option.
    DataGapError
        An empty or damaged file, a repeated (date, code), rows that contradict themselves.
    OSError
        A file that does not exist or cannot be opened.

    Examples
    --------
    >>> panel = read_prices("2025/09/29 1801 1911 1796 1898 50,230,600\\n", code="7203")
    >>> panel.shape, float(panel["close"][0, 0]), str(panel.codes[0])
    ((1, 1), 1898.0, '7203')
    """
    _check_options(bad, session_share)
    bars, label, columns = _read_bars(source, code, null_text=bad == "null")
    _note_unknown(bars, columns)
    fields = names.price_fields(columns)
    quality.settle_no_trade(bars, fields)
    quality.check_bars(bars, fields, bad)
    forward = adjust.to_basis(bars)
    if calendar is not None:
        calendars.align(bars, calendar)
    complete.listing(bars)
    complete.limits(bars)
    complete.turnover(bars)
    complete.unlisted(bars)
    categories.fill_forward(bars)
    if sectors is not None:
        categories.attach(bars, sectors)
    return _panel(bars, label, forward, session_share)


def _check_options(bad: str, session_share: float) -> None:
    if bad not in get_args(BadRows):
        raise unknown("value of `bad`", str(bad), get_args(BadRows))
    if not 0 <= session_share <= 1:
        raise ValueError(
            f"`session_share` must be between 0 and 1, a share of the listed stocks; got {session_share}."
        )


def _read_bars(source: Any, code: str | None, *, null_text: bool) -> tuple[Bars, str, names.Columns]:
    """Steps 1 and 2: (bars, where they come from, what the columns mean)."""
    table = open_source(source)
    if isinstance(table, Table):
        columns = names.match(table.names)
        return dense.from_long(table, columns, code, null_text=null_text), table.label, columns
    if code is not None:
        raise ValueError(
            "`code` is for a table of one stock; wide frames carry codes in their columns. Leave it out."
        )
    bars, columns = dense.from_wide(table, null_text=null_text)
    return bars, describe(part.label for part in table.values()), columns


def _note_unknown(bars: Bars, columns: names.Columns) -> None:
    if bars.counts.get("text_cells"):
        bars.notes.append(
            f"{bars.counts['text_cells']:,} cells of text in number columns are read as missing."
        )
    if columns.unknown:
        listed = ", ".join(f"`{name}`" for name in columns.unknown[:20])
        more = f" and {len(columns.unknown) - 20} more" if len(columns.unknown) > 20 else ""
        note = f"Unknown columns are ignored: {listed}{more}."
        _LOG.warning(note)
        bars.notes.append(note)
    if "adj_close" in columns.of and "adj_factor" not in columns.of and "close" in columns.of:
        used = columns.of[names.price_fields(columns)[3]]
        bars.notes.append(f"No adjustment factor in the data; prices are taken from `{used}` as delivered.")


def _panel(bars: Bars, label: str, forward: bool, session_share: float) -> Panel:
    survivors = complete.survivors_only(bars)
    info = PanelInfo(
        source=label,
        price_basis="forward" if forward else "delivered",
        survivors_only=survivors,
        notes=tuple(bars.notes),
        counts=dict(bars.counts),
    )
    return Panel(
        dates=bars.dates,
        codes=bars.codes,
        columns={**bars.fields, **{name: values for name, (values, _) in bars.labels.items()}},
        listed=bars.present,
        categories={name: labels for name, (_, labels) in bars.labels.items()},
        info=info,
        session_share=session_share,
    )
