"""Plans: how many requests a minute, how far back, which tables; found out from what the service refuses.

One request for a day before all data is answered with the window of the plan. Where it is not, three
tables of falling rank are asked for, and the first that is not refused tells. What was found is kept
beside the store and asked for again after a week, or when the service contradicts it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jqfast.data.jquants.errors import BadRequestError, NotInPlanError, OutsideWindowError
from jqfast.errors import unknown

if TYPE_CHECKING:
    from jqfast.data.jquants.client import Client

#: Requests a minute, and requests in flight that are enough for them at two seconds an answer.
RATES = {"free": 5, "light": 60, "standard": 120, "premium": 500}
WORKERS = {"free": 1, "light": 2, "standard": 4, "premium": 12}
#: Years of history; Free has two as well, but its window has an end.
_YEARS = {"light": 5, "standard": 10}
_ORDER = tuple(RATES)
#: A day that no plan reaches.
_ANCIENT = "2000-01-04"
_PROBES = (
    ("premium", "/markets/breakdown", "date"),
    ("standard", "/markets/short-ratio", "date"),
    ("light", "/equities/valuation", "date"),
)


@dataclass
class Access:
    """What the key may ask for, as far as it is known.

    Attributes
    ----------
    plan : name, or None
    start, end : first and last day of the plan; None where it is open or unknown
    refused : table -> what the service said
    """

    plan: str | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def rate(self) -> int:
        """Requests a minute; the smallest plan's while the plan is unknown."""
        return RATES[self.plan or "free"]

    @property
    def workers(self) -> int:
        """Requests in flight at once."""
        return WORKERS[self.plan or "free"]

    def includes(self, plan: str) -> bool:
        """Whether tables of ``plan`` can be asked for; true where only asking tells."""
        return self.plan is None or plan not in _ORDER or _ORDER.index(plan) <= _ORDER.index(self.plan)

    def narrow(self, error: OutsideWindowError) -> None:
        """Take over the window that a refusal names."""
        self.start, self.end = error.start, error.end


def check_plan(name: str) -> str:
    """A legal name of a plan.

    Raises
    ------
    ValueError
        If it is none.
    """
    if name.lower() not in RATES:
        raise unknown("plan", name, RATES)
    return name.lower()


def detect(client: Client, recent: dt.date) -> Access:
    """Plan and window of the client's key, in one to four requests; ``recent`` is a session months ago."""
    access = Access()
    try:
        client.get("/equities/bars/daily", {"date": _ANCIENT})
    except OutsideWindowError as error:
        access.narrow(error)
        access.plan = plan_of(error.start, error.end, client.now().date())
    except BadRequestError:
        pass
    if access.plan is None:
        access.plan = _by_refusals(client, recent)
    return access


def plan_of(start: dt.date, end: dt.date | None, today: dt.date) -> str:
    """The plan that a window belongs to."""
    if end is not None and end < today - dt.timedelta(days=30):
        return "free"
    years = (today - start).days / 365.25
    return next((plan for plan, span in _YEARS.items() if years < span + 2), "premium")


def _by_refusals(client: Client, recent: dt.date) -> str:
    for plan, path, parameter in _PROBES:
        try:
            client.get(path, {parameter: recent.isoformat()})
        except NotInPlanError:
            continue
        except (OutsideWindowError, BadRequestError):
            return plan  # refused for its date, not for its plan
        return plan
    return "free"
