"""Names in the tables: sectors, segments and scales as the exchange calls them, companies invented."""

from __future__ import annotations

from jqfast.types import IntArray

SECTOR33_NAMES = (
    *(
        "水産・農林業",
        "鉱業",
        "建設業",
        "食料品",
        "繊維製品",
        "パルプ・紙",
        "化学",
        "医薬品",
        "石油･石炭製品",
    ),
    *("ゴム製品", "ガラス･土石製品", "鉄鋼", "非鉄金属", "金属製品", "機械", "電気機器", "輸送用機器"),
    *("精密機器", "その他製品", "電気･ガス業", "陸運業", "海運業", "空運業", "倉庫･運輸関連業"),
    *("情報･通信業", "卸売業", "小売業", "銀行業", "証券､商品先物取引業", "保険業", "その他金融業"),
    *("不動産業", "サービス業"),
)
SECTOR17_NAMES = (
    *("食品", "エネルギー資源", "建設・資材", "素材・化学", "医薬品", "自動車・輸送機", "鉄鋼・非鉄", "機械"),
    *("電機・精密", "情報通信・サービスその他", "電気・ガス", "運輸・物流", "商社・卸売", "小売", "銀行"),
    *("金融（除く銀行）", "不動産"),
)
_OF17 = (1, 2, 3, 1, 4, 4, 4, 5, 2, 6, 3, 7, 7, 3, 8, 9, 6, 9, 10, 11, 12, 12, 12, 12, 10, 13, 14, 15)
_OF17_REST = (16, 16, 16, 17, 10)
_CODES = (
    *("0050", "1050", "2050", "3050", "3100", "3150", "3200", "3250", "3300", "3350", "3400", "3450", "3500"),
    *("3550", "3600", "3650", "3700", "3750", "3800", "4050", "5050", "5100", "5150", "5200", "5250", "6050"),
    *("6100", "7050", "7100", "7150", "7200", "8050", "9050"),
)
#: TOPIX-33 code -> name of its TOPIX-17 sector.
SECTOR17 = {code: SECTOR17_NAMES[k - 1] for code, k in zip(_CODES, (*_OF17, *_OF17_REST), strict=True)}

#: In the order of `issues.MARKETS`.
MARKET_NAMES = (
    *("東証一部", "東証二部", "マザーズ", "JASDAQ スタンダード", "JASDAQ グロース"),
    *("プライム", "スタンダード", "グロース"),
)
SCALE_NAMES = ("-", "TOPIX Core30", "TOPIX Large70", "TOPIX Mid400", "TOPIX Small 1", "TOPIX Small 2")
MARGIN_NAMES = ("信用", "貸借")


def company_names(number: IntArray) -> tuple[list[str], list[str]]:
    """Japanese and English names of invented companies."""
    return [f"架空産業{k:05d}" for k in number], [f"Kaku Industries {k:05d}" for k in number]
