"""Documents: large holders from EDINET, the list of TDnet disclosures."""

from __future__ import annotations

from jqfast.data.schemas.base import STOCK, Field, Table, dates, texts

_MAJOR_SHAREHOLDERS = Table(
    name="edinet_major_shareholders",
    path="/edinet/major-shareholders",
    fields=(
        Field("DocId", "str", "", "number of the document", required=True),
        STOCK,
        *texts(
            {
                "EdinetCode": "EDINET code of the filer",
                "FilerName": "filer",
                "FilerNameEn": "filer, English",
                "DocTypeCode": "120 annual report",
            }
        ),
        Field("SubDate", "date", "", "day of submission", required=True),
        Field("SubTime", "time", "", "time of submission, JST"),
        *dates({"PerSt": "start of the period", "PerEn": "end of the period"}),
        Field("Hldrs", "json", "", "holders: Rank, HldrName, HldrAddr, ShsHeld, ShsRatio"),
    ),
    keys=("DocId",),
    date="SubDate",
    published=("SubDate", "SubTime"),
    rule="published",
    query="date",
    plan="standard",
    bulk=False,
    rhythm="event",
    summary="major shareholders from annual reports",
    since="2016-06-03",
)

_TD_LIST = Table(
    name="td_list",
    path="/td/list",
    fields=(
        Field("DiscNo", "str", "", "number of the disclosure", required=True),
        Field("Code", "str", "", "issue code of five characters", width=5),
        Field("Name", "str", "", "company name"),
        Field("DiscDate", "date", "", "day of disclosure", required=True),
        Field("DiscTime", "time", "", "time of disclosure, JST"),
        *texts({"Title": "title", "DiscStatus": "null for new, revision, delete"}),
        Field("RevNo", "int", "", "number of the revision"),
        Field("DiscItems", "json", "", "codes of the items disclosed"),
        Field("Docs", "json", "", "documents: g full PDF, s summary PDF, x XBRL"),
    ),
    keys=("DiscNo",),
    date="DiscDate",
    published=("DiscDate", "DiscTime"),
    rule="published",
    query="date",
    plan="addon",
    bulk=False,
    rhythm="event",
    summary="timely disclosures on TDnet",
    revision=("RevNo",),
)

DISCLOSURES = (_MAJOR_SHAREHOLDERS, _TD_LIST)
