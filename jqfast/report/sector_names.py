"""Names of the 33 and the 17 sectors of the Tokyo Stock Exchange, in both languages."""

from __future__ import annotations

from jqfast.report.inputs import Language

SECTOR33: dict[str, tuple[str, str]] = {
    "0050": ("Fishery, agriculture, forestry", "水産・農林業"),
    "1050": ("Mining", "鉱業"),
    "2050": ("Construction", "建設業"),
    "3050": ("Foods", "食料品"),
    "3100": ("Textiles and apparel", "繊維製品"),
    "3150": ("Pulp and paper", "パルプ・紙"),
    "3200": ("Chemicals", "化学"),
    "3250": ("Pharmaceuticals", "医薬品"),
    "3300": ("Oil and coal products", "石油・石炭製品"),
    "3350": ("Rubber products", "ゴム製品"),
    "3400": ("Glass and ceramics", "ガラス・土石製品"),
    "3450": ("Iron and steel", "鉄鋼"),
    "3500": ("Nonferrous metals", "非鉄金属"),
    "3550": ("Metal products", "金属製品"),
    "3600": ("Machinery", "機械"),
    "3650": ("Electric appliances", "電気機器"),
    "3700": ("Transportation equipment", "輸送用機器"),
    "3750": ("Precision instruments", "精密機器"),
    "3800": ("Other products", "その他製品"),
    "4050": ("Electric power and gas", "電気・ガス業"),
    "5050": ("Land transportation", "陸運業"),
    "5100": ("Marine transportation", "海運業"),
    "5150": ("Air transportation", "空運業"),
    "5200": ("Warehousing, harbor transport", "倉庫・運輸関連業"),
    "5250": ("Information and communication", "情報・通信業"),
    "6050": ("Wholesale trade", "卸売業"),
    "6100": ("Retail trade", "小売業"),
    "7050": ("Banks", "銀行業"),
    "7100": ("Securities, commodity futures", "証券、商品先物取引業"),
    "7150": ("Insurance", "保険業"),
    "7200": ("Other financing business", "その他金融業"),
    "8050": ("Real estate", "不動産業"),
    "9050": ("Services", "サービス業"),
    "9999": ("Other", "その他"),
}

SECTOR17: dict[str, tuple[str, str]] = {
    "1": ("Foods", "食品"),
    "2": ("Energy resources", "エネルギー資源"),
    "3": ("Construction and materials", "建設・資材"),
    "4": ("Raw materials, chemicals", "素材・化学"),
    "5": ("Pharmaceuticals", "医薬品"),
    "6": ("Automobiles, transport equipment", "自動車・輸送機"),
    "7": ("Steel, nonferrous metals", "鉄鋼・非鉄"),
    "8": ("Machinery", "機械"),
    "9": ("Electric, precision instruments", "電機・精密"),
    "10": ("IT and services, others", "情報通信・サービスその他"),
    "11": ("Electric power and gas", "電力・ガス"),
    "12": ("Transportation and logistics", "運輸・物流"),
    "13": ("Commercial and wholesale trade", "商社・卸売"),
    "14": ("Retail trade", "小売"),
    "15": ("Banks", "銀行"),
    "16": ("Financials except banks", "金融（除く銀行）"),
    "17": ("Real estate", "不動産"),
    "99": ("Other", "その他"),
}

_TABLES = {"sector33": SECTOR33, "sector17": SECTOR17}


def sector_name(language: Language, column: str, code: str) -> str:
    """The name of a sector of a panel's category column; a code that is in no list stays as it is."""
    both = _TABLES.get(column, {}).get(code)
    return both[int(language == "ja")] if both else code
