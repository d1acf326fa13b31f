# ruff: noqa: E501  (one sentence a line, so that the two languages can be compared)
"""The words of the evaluation section: labels, sentences and definitions, English and Japanese."""

from __future__ import annotations

Both = tuple[str, str]

LABELS: dict[str, Both] = {
    "evaluation": ("Evaluation in detail", "詳細評価"),
    "parts_title": ("RankIC by sector, size, market state and year", "業種・規模・市場局面・年別の RankIC"),
    "part": ("Part", "区分"),
    "part_sector": ("Sector", "業種"),
    "part_size": ("Size ({by})", "規模（{by}）"),
    "part_volatility": ("Market volatility", "市場ボラティリティ"),
    "part_trend": ("Market trend", "市場トレンド"),
    "part_year": ("Year", "年"),
    "by_value": ("market value", "時価総額"),
    "by_turnover": ("turnover", "売買代金"),
    "small": ("Small", "小型"),
    "medium": ("Medium", "中型"),
    "large": ("Large", "大型"),
    "calm": ("Calm", "平穏"),
    "turbulent": ("Turbulent", "高ボラティリティ"),
    "falling": ("Falling", "下落"),
    "rising": ("Rising", "上昇"),
    "stocks_mean": ("Stocks a date", "平均銘柄数"),
    "decay_title": ("How the forecast fades", "予測力の減衰"),
    "decay_axis": ("Sessions until the return begins", "リターン開始までの営業日数"),
    "horizon_axis_session": ("Sessions that the return covers", "リターンの期間（営業日）"),
    "horizon_axis_month": ("Months that the return covers", "リターンの期間（か月）"),
    "delay": ("Delay", "遅れ"),
    "monotonic_title": ("Do returns rise from decile to decile?", "分位間の単調性"),
    "smallest_step": ("Smallest step (bp)", "最小の分位間差（bp）"),
    "monotonic_p": ("p, all steps up", "p 値（全段階で上昇）"),
    "trend_bp": ("Trend (bp a decile)", "傾き（bp／分位）"),
    "spearman": ("Rank correlation", "順位相関"),
    "variants_title": ("Other ways to trade the same forecasts", "同じ予測の別の運用方法"),
    "variant": ("Book", "運用方法"),
    "configured": ("As configured", "設定どおり"),
    "equal": ("Equal weights", "等ウェイト"),
    "rank": ("Weights by rank, all stocks", "順位ウェイト（全銘柄）"),
    "inverse_volatility": ("Weights by inverse volatility", "逆ボラティリティ・ウェイト"),
    "sector_neutral": ("Sector neutral", "業種中立"),
    "every_session": ("Overlapping tranches", "重複トランシェ"),
    "one_tranche": ("One tranche, no overlap", "単一トランシェ（重複なし）"),
    "monthly": ("Monthly rebalancing", "月次リバランス"),
    "sharpe": ("Sharpe ratio", "シャープ比"),
    "long_only": ("Long only", "ロングのみ"),
    "excess_t": ("Over the universe (t)", "対ユニバース超過（t 値）"),
    "risk_title": ("Risk and recovery, with 95% intervals", "リスクと回復（小さい数値は95%区間）"),
    "sortino": ("Sortino ratio", "ソルティノ比"),
    "recovery": ("Recovery (years)", "回復期間（年）"),
    "under_water": ("Longest under water (years)", "最長水面下期間（年）"),
    "not_recovered": ("not yet", "未回復"),
    "capacity_title": ("Capacity: results by capital of a leg", "運用可能額：片側資金別の成果"),
    "capital": ("Capital of a leg (yen)", "片側の資金（円）"),
    "capacity_return": ("Long-short return a year", "ロングショート年率リターン"),
    "capacity_sharpe": ("Sharpe ratio, net", "シャープ比（コスト後）"),
    "participation": ("Participation", "参加率"),
    "unfilled": ("Unfilled", "未約定"),
    "alphas_title": ("Alpha and betas to factor models", "ファクターモデルに対するアルファとベータ"),
    "leg": ("Portfolio", "ポートフォリオ"),
    "factor_model": ("Factors", "ファクター"),
    "alpha": ("Alpha (annual)", "アルファ（年率）"),
    "overfitting_title": ("Is the best of the trials more than luck?", "試行のうち最良の結果は偶然か"),
    "pbo": ("Probability of back-test overfitting", "バックテスト過剰適合の確率（PBO）"),
    "pbo_loss": ("Best trial loses elsewhere", "最良の試行が別期間で損失となる割合"),
    "pbo_trials": ("Trials with returns", "リターンのある試行の数"),
    "pbo_sizes": ("Months, blocks, splits", "月数・ブロック数・分割数"),
    "deflated": (
        "Probability that it beats the best of luck (deflated)",
        "偶然の最良値を上回る確率（デフレート）",
    ),
}

SENTENCES: dict[str, Both] = {
    "note_parts": (
        "Dots: mean RankIC of the {h} forecast; lines: 95% intervals of a bootstrap of whole dates "
        "that all parts share. Sectors and sizes are ranked within themselves. Market states use what was known "
        "on the day: turbulent, deviation of the last 20 sessions above its median so far; rising, return of the last "
        "120 sessions above 0.",
        "点は{h}予測の平均 RankIC、線は全区分に共通の日次ブロック・ブートストラップによる95%区間。業種・規模は"
        "区分内で順位付け。市場局面は当日までの情報による（高ボラティリティ：直近20営業日の標準偏差が過去の中央値超、"
        "上昇：直近120営業日のリターンが正）。",
    ),
    "note_decay": (
        "Left: the {h} return begins later than the forecast assumes. Right: the same forecast "
        "against returns of other lengths. Lines: 95% intervals.",
        "左：{h}リターンの開始を遅らせた場合。右：同じ予測を別の期間のリターンで評価した場合。線は95%区間。",
    ),
    "note_monotonic": (
        "Patton and Timmermann's test: a small p says that every step from decile to decile is up. The trend is the "
        "slope over all deciles, with its Newey-West t. Small: 95% intervals; a rank correlation close to 1 lies at the "
        "upper end of its own.",
        "Patton・Timmermann の検定：p 値が小さければ全ての分位間でリターンが上昇。傾きは全分位の回帰係数（Newey-West の t 値）。小さい数値は95%区間（1 に近い順位相関は区間の上端にある）。",
    ),
    "note_variants": (
        "All after costs; small: 95% intervals of a block bootstrap. Turnover and costs are what the book did. Over "
        "the universe: long leg minus the equally weighted universe, a year.",
        "いずれもコスト後、小さい数値はブロック・ブートストラップの95%区間。回転率とコストは実現値。対ユニバース超過はロング側と等ウェイト・ユニバースの年率差。",
    ),
    "variants_not_built": (
        "Without a decision on a date with enough scores: {names}.",
        "予測のある日に売買判断がないため算出不可：{names}。",
    ),
    "note_capacity": (
        "The same orders with more capital behind them: impact grows with the root of the share of turnover, and "
        "beyond the limit of participation orders stay in cash, which lowers returns both ways. Bands: 95% intervals after costs.",
        "同じ注文を異なる資金額で執行した場合。マーケットインパクトは参加率の平方根に比例し、参加率の上限を超える注文は現金のまま残る。帯はコスト後の95%区間。",
    ),
    "break_even_at": (
        "Beyond {x} yen a leg nothing is left after costs.",
        "片側 {x} 円を超えるとコスト後の利益は残らない。",
    ),
    "break_even_between": (
        "Beyond {x} yen a leg nothing is left after costs (95% interval: {low} to {high}).",
        "片側 {x} 円を超えるとコスト後の利益は残らない（95%区間：{low} ～ {high}）。",
    ),
    "below_shown": ("below the sizes shown", "表示範囲未満"),
    "above_shown": ("above the sizes shown", "表示範囲超"),
    "note_risk": (
        "Small: 95% intervals of a block bootstrap. Recovery and time under water are those of this one path.",
        "小さい数値はブロック・ブートストラップの95%区間。回復期間と水面下期間は実現した経路のもの。",
    ),
    "break_even_never": (
        "No size shown earns anything after costs.",
        "いずれの規模でもコスト後の利益は残らない。",
    ),
    "break_even_open": (
        "The largest size shown still earns something after costs.",
        "表示した最大の規模でもコスト後の利益が残る。",
    ),
    "note_alphas": (
        "Daily regressions with Newey-West errors. Small: the 95% interval of alpha, the t of the betas. Price returns on both sides, no "
        "risk-free rate.",
        "日次回帰、標準誤差は Newey-West。小さい数値はアルファの95%区間とベータの t 値。双方とも価格リターン、無リスク金利はゼロ。",
    ),
    "no_overfitting": (
        "Not computable: it needs the monthly returns of at least two configurations on the same data ({n} known).",
        "計算不可：同一データで試した2つ以上の設定の月次リターンが必要（現在 {n}）。",
    ),
    "note_overfitting": (
        "Combinatorially symmetric cross-validation over the trials of the ledger: the best on half of the months "
        "is ranked on the other half. Near 50% or above, picking the best means nothing. It compares configurations, and "
        "seeds are not configurations, though every run in the ledger is a trial.",
        "台帳の全試行に対する組合せ対称交差検証：半分の月で最良の試行を残り半分で順位付け。50%近辺以上なら最良の選択に意味はない。比較するのは設定であり、"
        "台帳では1回の実行が1試行となるが、シードの違いは設定の違いではない。",
    ),
}

DEFINITIONS: dict[str, tuple[Both, Both]] = {
    "decay": (
        ("Decay", "減衰"),
        (
            "RankIC of the forecast with a return of the same length that begins some sessions later.",
            "同じ長さで開始が遅いリターンに対する RankIC。",
        ),
    ),
    "monotonic": (
        ("p, all steps up", "p 値（全段階で上昇）"),
        (
            "Share of bootstrap draws whose smallest centred step between neighbouring deciles exceeds the smallest "
            "step found (Patton and Timmermann 2010).",
            "隣接分位間の差（中心化）の最小値が実測の最小値を超えるブートストラップ標本の割合（Patton・Timmermann 2010）。",
        ),
    ),
    "sortino": (
        ("Sortino ratio", "ソルティノ比"),
        (
            "Mean return ÷ root mean square of the losses, times √(periods per year).",
            "平均リターン ÷ 損失の二乗平均平方根 × √(年間期間数)。",
        ),
    ),
    "recovery": (
        ("Recovery, under water", "回復期間・水面下期間"),
        (
            "Years from the peak before the deepest fall until that value was reached again; longest time below an "
            "earlier value.",
            "最大ドローダウン前の高値から、その水準を回復するまでの年数。最長水面下期間は過去の高値を下回り続けた最長の年数。",
        ),
    ),
    "capacity": (
        ("Participation, unfilled", "参加率・未約定"),
        (
            "Participation: yen of an entry ÷ the stock's mean daily turnover, weighted by value. Unfilled: share of the "
            "ordered value beyond the limit of participation, or in stocks that do not trade.",
            "参加率は建玉金額 ÷ 平均日次売買代金（金額加重）。未約定は参加率の上限を超えた、または売買不成立の注文金額の割合。",
        ),
    ),
    "alpha": (
        ("Alpha, betas", "アルファ・ベータ"),
        (
            "Constant and slopes of the regression of the portfolio's returns on the factors; the constant times periods "
            "per year.",
            "ポートフォリオのリターンをファクターに回帰した定数項（年率）と係数。",
        ),
    ),
    "pbo": (
        ("Probability of back-test overfitting", "バックテスト過剰適合の確率"),
        (
            "Share of splits of the months in which the trial with the best Sharpe ratio on one half ranks at or below "
            "the median on the other (Bailey, Borwein, López de Prado and Zhu 2017).",
            "月次リターンを二分し、一方でシャープ比が最良の試行が他方で中央値以下となる分割の割合（Bailey 他 2017）。",
        ),
    ),
}
