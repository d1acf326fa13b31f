# ruff: noqa: E501  (one sentence a line, so that the two languages can be compared; Japanese characters count double)
"""Notes from the rooms to the left (data, features, learn) in the language of the page.

They are written in English where they arise, as people read them in a terminal too; here their patterns stand
beside what they mean in Japanese. A note without a pattern is shown as it came.
"""

from __future__ import annotations

import re

from jqfast.report.inputs import Language

_PATTERNS: tuple[tuple[str, str], ...] = (
    # jqfast.data.simulator
    (
        r"Simulated market with planted effects: reversal, momentum, value, quality, surprises, foreign flow and crash beta\.",
        "効果を埋め込んだシミュレーション市場：リバーサル、モメンタム、バリュー、クオリティ、業績サプライズ、海外投資家フロー、暴落ベータ。",
    ),
    (
        r"Simulated null market: .* judge by RankIC\.",
        "効果のないシミュレーション市場：過去のどの情報も銘柄の優劣を語らない。変動の大きい銘柄の単純リターンは分散の半分だけ高く、十分位リターンには差が出うるため、RankIC で判断する。",
    ),
    (
        r"Simulated market without planted effects but with price units, limits and delistings\.",
        "効果は埋め込まず、呼値・制限値幅・上場廃止だけを持つシミュレーション市場。",
    ),
    # jqfast.evaluate
    (
        r"stationary block bootstrap, block (\S+), (\d+) draws, seed (\d+)",
        "定常ブロック・ブートストラップ、平均ブロック長 {0}、{1} 回、シード {2}",
    ),
    # jqfast.data of prices
    (
        r"Calendar (\S+): (\d+) dates outside the calendar dropped \((.*)\)\.",
        r"カレンダー {0}：取引日でない {1} 日を除外（{2}）。",
    ),
    (
        r"Calendar (\S+): (\d+) sessions without data added \((.*)\)\.",
        r"カレンダー {0}：データのない {1} 取引日を追加（{2}）。",
    ),
    (
        r"([\d,]+) rows between a stock's first and last one are missing and count as no trade\.",
        "銘柄の最初と最後の行の間に {0} 行の欠落があり、売買不成立として扱う。",
    ),
    (
        r"The limit columns hold other values than flags \(-1, 0, 1\) and are ignored\.",
        "値幅制限の列はフラグ（-1、0、1）以外の値を含むため使わない。",
    ),
    (
        r"Turnover of ([\d,]+) of ([\d,]+) traded cells is close x volume, as the source has none\.",
        "売買代金がないため、売買成立 {1} 件のうち {0} 件は終値×出来高で代用。",
    ),
    (
        r"Every stock is alive at the end: survivors only\. Return levels and long-only results are not evidence\.",
        "全銘柄が期末に存続している（生存銘柄のみ）。リターンの水準とロングのみの結果は証拠にならない。",
    ),
    (
        r"([\d,]+) cells of text in number columns are read as missing\.",
        "数値列の文字 {0} 件は欠損として読む。",
    ),
    (r"([\d,]+) rows that contradict themselves are left out\.", "矛盾する {0} 行を除外。"),
    (r"Unknown columns are ignored: (.*)\.", "未知の列は使わない：{0}。"),
    (
        r"No adjustment factor in the data; prices are taken from `(.*)` as delivered\.",
        "調整係数がないため、株価は `{0}` をそのまま使う。",
    ),
    (
        r"(\w+) of (\d+) of (\d+) stocks from one list of issues, used for all dates\.",
        "{2} 銘柄中 {1} 銘柄の {0} は一時点の銘柄一覧により、全期間に適用。",
    ),
    # jqfast.data of stores
    (
        r"Sessions (\S+) to (\S+) are not in the store's calendar; those of XTKS are taken\.",
        "{0} から {1} の取引日はストアのカレンダーになく、XTKS の取引日を使う。",
    ),
    (
        r"Bars of (\d+) days that are no sessions are left out \((.*)\)\.",
        "取引日でない {0} 日の株価を除外（{1}）。",
    ),
    (
        r"No issue list: every code with a bar of the day belongs\.",
        "銘柄一覧がないため、その日に株価のある全コードを対象とする。",
    ),
    (
        r"The issue list has (\d+) snapshots for (\d+) sessions; each holds until the next one\.",
        "銘柄一覧は {1} 取引日に対し {0} 時点分で、それぞれ次の時点まで有効とする。",
    ),
    (
        r"No issue list before session (\d+): nobody belongs until then\.",
        "第 {0} 取引日より前の銘柄一覧がないため、それまでは対象銘柄なし。",
    ),
    (r"Not in the store: (.*)\.", "ストアにない：{0}。"),
    # jqfast.features and jqfast.learn
    (
        r"(\d+) features? of `(\w+)` left out: the panel has no (.*?)(?: and (\d+) more)?\.",
        "`{1}` の特徴量 {0} 本を除外：パネルに {2} などの列がない。",
    ),
    (
        r"Input `(.*)` was dropped in (\d+) of (\d+) folds for lack of coverage\.",
        "入力 `{0}` は充足率不足のため {2} 期中 {1} 期で除外。",
    ),
    (
        r"Selection left (\d+) inputs to a fold on average(?:; never: (.*))?\.",
        "選択後の入力は平均 {0} 本。一度も選ばれなかった入力：{1}。",
    ),
    (
        r"Ensemble of (.*): mean of standardised scores\.",
        "アンサンブル（{0}）：標準化スコアの平均。",
    ),
    (r"Ensemble of (.*): mean of ranks\.", "アンサンブル（{0}）：順位の平均。"),
    (r"Ensemble of (.*): stack\.", "アンサンブル（{0}）：スタッキング。"),
    (
        r"The models learn what (\w+) leaves of the returns\.",
        "モデルは {0} で説明されない残差リターンを学習する。",
    ),
    (r"Weights of the stack in the last fold: (.*)\.", "最終期のスタッキングの重み：{0}。"),
    (
        r"`(.*)` was made from other data, settings or versions and is trained again\.",
        "`{0}` は異なるデータ・設定・版で作られたため、学習し直した。",
    ),
)


def in_language(note: str, language: Language) -> str:
    """The note in the language of the page; as it came where no pattern knows it."""
    if language == "en":
        return note
    for pattern, words in _PATTERNS:
        if found := re.fullmatch(pattern, note, re.DOTALL):
            return words.format(*(part or "–" for part in found.groups()))
    return note
