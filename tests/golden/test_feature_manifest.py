"""The catalogue as a table under version control: no feature changes without a visible line."""

from __future__ import annotations

import difflib
import runpy
from pathlib import Path

SCRIPT = Path(__file__).with_name("make_feature_manifest.py")

#: Names the documents give; renaming one breaks users (DESIGN, section 11).
PROMISED = """
    ret_1 ret_5 ret_20 ret_60 close_sma_ratio_5 close_sma_ratio_20 close_ema_ratio_5 rsi rsi_60 atr_norm
    ret_hv hv_log bb_z vol_chg dow_sin dow_cos Close_lag_1 Close_lag_5 Volume_lag_1 ret_1_lag1 ret_1_lag5
    vol_yz_60 vol_rs_20 vol_gk_20 vol_park_20 amihud_20 gap_mean_20 gapup_mean_20
"""

#: Requirement ids that the catalogue answers: of prices and volume, flows, market, corporate actions, macro.
REQUIRED = """
    T-RET1 T-CLIP T-SMA T-SMASIG T-EMA T-GAIN T-RSI T-RSISIG T-TR T-ATR T-HVLOG T-HVANN T-HV T-VOLCHG
    T-DOWSIN T-DOWCOS T-CLAG T-VLAG T-RLAG T-BBZ T-LAGAC T-XCLV T-XRV T-XPARK T-XREG T-XRET V-YZ V-RS V-GK
    V-PARK V-CC V-VOVR V-VOVD V-VOVS P-RM1X20 P-RM5X60 P-RMSIGN P-ON P-ID P-ON5 P-ID5 P-ONIDCUM P-UPHALF5
    P-GAP1M P-RNGATR P-GAPATR L-AMIHUD L-VSPKR L-VSPKZ L-VSPKF L-VSPKDIR T-XMKT T-XOHLCV P-AMPM
    I-FRGN I-FRGNDEV I-FRGNCUM I-FRGN4W I-FRGNZ I-FRGNMA4 I-INDNET I-INDMADEV I-INDZ I-SHARE I-DSHARE I-TURN
    I-BOTHBUY I-FLOWCORR I-STREAK I-SHOCK I-BRIDGE I-BRIDGELAG
    M-IDXRET M-IDXGAP M-BASIS M-BASISFV M-BASISDEV M-FUTVOL M-OI20 M-OICORR M-OIAGREE M-VI M-VIDEV M-VRP
    M-IVATM M-IVSKIP M-REGBULL M-REGBEAR M-REGRANGE M-REGHIGH M-REGHOT M-REGAGREE M-REGCTX M-USREG M-USCORR
    C-DIVPOST C-DIVY C-FDIVY C-DIVTO C-DIVSINCE C-SPLANN C-SPLWIN C-SPLRATIO C-MERGE C-IDXADD C-IDXDEL
    C-NEWS C-NEWSDEC C-NEWSPX
    X-JGB10 X-US10 X-FF X-US2S10S X-SECxRATE X-USDJPY1 X-USDJPY5 X-CNYJPY X-EURJPY X-NEER X-WTI1M X-CRB
    X-GASO X-GOLD X-COPPER X-SPF X-NDX5 X-SPX X-DJI X-SSEC X-SENS
    K-TOPIX K-NIKKEI K-DJI K-SPX K-DAX K-FTSE K-USDJPY K-EURJPY K-JGB2 K-JGB5 K-JGB10 K-JGB20 K-JGB30 K-UST2
    K-UST5 K-UST10 K-UST30 K-BUND10 K-GILT10 K-NKVI K-VIX K-CRB K-WTI K-GOLD K-SEC33 K-MON
"""


def _rows() -> tuple[list[str], list[dict[str, str]]]:
    text = runpy.run_path(str(SCRIPT))["manifest"]()
    header, *lines = text.splitlines()
    columns = header.split("\t")
    return text.splitlines(), [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]


def test_the_catalogue_equals_its_manifest() -> None:
    golden = SCRIPT.with_name("feature_manifest.tsv").read_text(encoding="utf-8").splitlines()
    difference = list(
        difflib.unified_diff(golden, _rows()[0], "feature_manifest.tsv", "catalogue", lineterm="", n=0)
    )
    assert difference == [], "if this is meant, run tests/golden/make_feature_manifest.py and explain it"


def test_promised_names_exist() -> None:
    names = {row["name"] for row in _rows()[1]}
    assert [name for name in PROMISED.split() if name not in names] == []


def test_every_requirement_has_a_feature() -> None:
    met = {req for row in _rows()[1] for req in row["req"].split(", ")}
    assert [req for req in REQUIRED.split() if req not in met] == []


def test_every_feature_says_what_it_is_and_what_for() -> None:
    for row in _rows()[1]:
        for column in ("doc", "purpose", "kind", "req", "formula", "norm", "timing"):
            assert row[column], f"{row['name']} has no {column}"
        assert row["doc"].endswith("."), row["name"]
        assert row["purpose"].endswith("."), row["name"]


def test_only_calendar_features_are_known_before_the_session() -> None:
    known = {row["name"] for row in _rows()[1] if row["timing"] == "CAL"}
    dummies = {name for name in known if name.startswith(("k_month_", "k_sector_"))}
    assert known - dummies == {"dow_sin", "dow_cos", "year_end"}
    assert len(dummies) == 12 + 33
