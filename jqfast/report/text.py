"""Every short word of the report in one table, English and Japanese side by side.

``Labels("ja")("net")`` is the Japanese label; ``labels.other("net")`` the one of the other language,
which headings show in small beside their own. Longer texts are in ``prose.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from jqfast.errors import unknown
from jqfast.report import words_evaluation
from jqfast.report.inputs import Language, Unit

#: key -> (English, Japanese). ``{name}`` fields are filled by keyword.
LABELS: dict[str, tuple[str, str]] = {
    # sections
    "summary": ("Summary", "要約"),
    "data": ("Data quality", "データの品質"),
    "forecast": ("Forecast quality", "予測精度"),
    "deciles": ("Decile returns", "十分位別リターン"),
    "portfolio": ("Portfolio", "ポートフォリオ"),
    "costs": ("Costs and turnover", "売買コストと回転率"),
    "explanation": ("Explanation by LRP", "LRP による予測根拠"),
    "configuration": ("Configuration", "設定と来歴"),
    "definitions": ("Definitions", "指標の定義"),
    "caveats": ("Caveats", "留意事項"),
    # head
    "report": ("Walk-forward forecast report", "ウォークフォワード予測レポート"),
    "source": ("Source", "出所"),
    "note": ("Note", "注"),
    "notes": ("Notes", "注記"),
    "figure": ("Figure {n}", "図表 {n}"),
    "model": ("Model", "モデル"),
    "folds": ("{n} walk-forward folds", "ウォークフォワード {n} 期"),
    "stocks_count": ("{n} stocks", "{n} 銘柄"),
    "sessions_count": ("{n} sessions", "{n} 営業日"),
    "features_count": ("{n} features", "特徴量 {n} 本"),
    "run": ("Run", "実行名"),
    # verdict tiles
    "tile_rank_ic": ("RankIC, {h}", "RankIC（{h}）"),
    "tile_sharpe_net": ("Sharpe ratio, net", "シャープ比（コスト後）"),
    "tile_return_net": ("Long-short return, net", "ロングショート年率（コスト後）"),
    "tile_drawdown": ("Maximum drawdown, net", "最大ドローダウン（コスト後）"),
    "tile_turnover": ("Turnover, one-way", "片道回転率"),
    "tile_win": ("Dates with positive RankIC", "RankIC が正の日の割合"),
    "newey_west": ("Newey-West t = {t}", "Newey-West t 値 {t}"),
    "zoom_in": ("Enlarge", "拡大"),
    "zoom_out": ("Reduce", "縮小"),
    "zoom_reset": ("Whole chart", "全体表示"),
    "interval": ("95% interval {low} to {high}", "95%区間 {low} ～ {high}"),
    "gross_value": ("gross {x}", "コスト前 {x}"),
    "risk_value": ("risk {x}", "リスク {x}"),
    "cost_value": ("costs {x} a year", "コスト 年率 {x}"),
    "session_year": ("a session; {x} a year", "1営業日あたり、年 {x}"),
    "dates_value": ("{n} dates", "{n} 日"),
    "psr_value": ("P(Sharpe > 0) = {x}", "シャープ比が正の確率 {x}"),
    "trials_value": ("{n} trials on these data", "同一データでの試行 {n} 回"),
    # boxes
    "warning": ("Warning", "警告"),
    "notice": ("Please note", "お知らせ"),
    # data section
    "quality": ("Data", "データ"),
    "value": ("Value", "値"),
    "item": ("Item", "項目"),
    "price_returns": ("price returns, without dividends", "価格リターン（配当を含まない）"),
    "total_returns": ("total returns, with dividends", "配当込みリターン"),
    "returns_kind": ("Kind of returns", "リターンの種類"),
    "decision_clock": ("Decision time", "意思決定時点"),
    "decision_close": (
        "close: bars of the session are known, trading starts at the next session",
        "close：当日の四本値まで既知、売買は翌営業日から",
    ),
    "decision_preopen": (
        "preopen: bars up to the session before are known, trading starts at the open",
        "preopen：前営業日までの四本値が既知、売買は当日寄付から",
    ),
    "decision_evening": (
        "evening: also what was published by 19:00 is known, trading starts at the next session",
        "evening：19時までの公表分も既知、売買は翌営業日から",
    ),
    "and_more": ("and {n} more", "他 {n} 件"),
    "coverage_title": ("Stocks on each date", "日ごとの銘柄数"),
    "listed": ("listed", "上場"),
    "traded": ("traded", "売買成立"),
    "scored": ("with a forecast", "予測あり"),
    "stocks_axis": ("Stocks", "銘柄数"),
    # IC table and figures
    "horizon": ("Horizon", "予測期間"),
    "sessions": ("{h} sessions", "{h}営業日"),
    "session": ("{h} session", "{h}営業日"),
    "months": ("{h} months", "{h}か月"),
    "month": ("{h} month", "{h}か月"),
    "span_session": ("{h}-session", "{h}営業日"),
    "span_month": ("{h}-month", "{h}か月"),
    "dates": ("Dates", "日数"),
    "ic": ("IC", "IC"),
    "icir": ("ICIR", "ICIR"),
    "icir_annual": ("ICIR, annual", "ICIR（年率）"),
    "rank_ic": ("RankIC", "RankIC"),
    "rank_icir": ("RankICIR", "RankICIR"),
    "rank_icir_annual": ("RankICIR, annual", "RankICIR（年率）"),
    "t_nw": ("t (NW)", "t 値（NW）"),
    "win_rate": ("Win rate", "勝率"),
    "r2": ("R² (out of sample)", "R²（標本外）"),
    "oracle": ("Oracle", "オラクル"),
    "oracle_share": ("of the oracle", "対オラクル比"),
    "oracle_visible": ("Its visible part", "うち入力から見える分"),
    "visible_share": ("of the visible part", "対可視分比"),
    "drivers_ridge": ("Ridge on the true drivers", "真の要因によるリッジ回帰"),
    "rank_ic_time": ("RankIC over time, {h} return", "RankIC の推移（{h}リターン）"),
    "monthly_mean": ("Monthly mean", "月平均"),
    "cumulative": ("Cumulative", "累積"),
    "overall_mean": ("mean {x}", "平均 {x}"),
    "decile_title": ("Mean return by forecast decile", "予測十分位別の平均リターン"),
    "decile_axis": ("Forecast decile (1 = lowest)", "予測の分位（1 = 最低）"),
    "decile_unit": ("{h}, mean return (bp)", "{h}、平均リターン（bp）"),
    "decile": ("Decile", "分位"),
    "spread": ("Top − bottom", "最上位−最下位"),
    # portfolio
    "long": ("Long", "ロング"),
    "short": ("Short", "ショート"),
    "long_short": ("Long-short", "ロングショート"),
    "benchmark": ("Benchmark", "ベンチマーク"),
    "gross": ("gross", "コスト前"),
    "net": ("net", "コスト後"),
    "cumulative_title": ("Cumulative return, start = 1", "累積リターン（期初 = 1）"),
    "cumulative_axis": ("Value of 1 invested", "期初を1とした価値"),
    "log_scale": ("log scale", "対数目盛"),
    "performance_title": ("Performance", "パフォーマンス"),
    "annual_return": ("Return (annual)", "リターン（年率）"),
    "annual_risk": ("Risk (annual)", "リスク（年率）"),
    "ratio": ("Return / risk", "リターン/リスク比"),
    "max_drawdown": ("Maximum drawdown", "最大ドローダウン"),
    "period_win": ("Periods with a gain", "プラスの期間の割合"),
    # costs
    "cost_item": ("Cost", "コスト項目"),
    "unit": ("Unit", "単位"),
    "turnover_daily": ("Turnover, one-way, a session", "片道回転率（1営業日）"),
    "turnover_annual": ("Turnover, one-way, a year", "片道回転率（年）"),
    "cost_annual": ("Costs a year", "年間コスト"),
    "sharpe_gross": ("Sharpe ratio before costs", "シャープ比（コスト前）"),
    "sharpe_net": ("Sharpe ratio after costs", "シャープ比（コスト後）"),
    "psr": ("Probability that the net Sharpe ratio is positive", "コスト後シャープ比が正である確率"),
    "trials": ("Configurations tried on these data", "同一データで試した設定の数"),
    "tranches": ("Overlapping tranches", "重複トランシェ数"),
    "return_gross_net": ("Long-short return, gross to net", "ロングショート年率（コスト前 → コスト後）"),
    # explanation
    "stocks_title": ("Single stocks on {date}", "個別銘柄の入力値と LRP（{date}）"),
    "portfolio_column": ("Side", "区分"),
    "code": ("Code", "コード"),
    "name": ("Name", "銘柄名"),
    "score": ("Forecast", "予測値"),
    "legs_title": ("Mean relevance, long and short", "ロングとショートの平均 LRP"),
    "relevance": ("Relevance (LRP)", "LRP 貢献度"),
    "mean_relevance": ("Mean relevance", "平均 LRP 貢献度"),
    "difference": ("Long − short", "ロング−ショート"),
    "p_value": ("p (Welch)", "p 値（Welch）"),
    "scatter_title": ("Input value and relevance: {feature}", "入力値と LRP の関係：{feature}"),
    "input_value": ("Input value (normalised)", "入力値（正規化後）"),
    "residual_title": ("Conservation residual of LRP", "LRP の保存残差"),
    "residual_rule": ("Rule", "規則"),
    "residual_median": ("Median |residual| / |forecast|", "|残差|/|予測| の中央値"),
    "residual_p95": ("95th percentile", "95パーセンタイル"),
    "residual_max": ("Largest", "最大"),
    "residual_n": ("Forecasts explained", "説明した予測の数"),
    "market_title": ("Market inputs: relevance, long minus short", "市場変数の LRP（ロング−ショート）"),
    "mean_and_t": ("mean {x}, t {t}", "平均 {x}、t 値 {t}"),
    "deciles_title": (
        "Stocks by the relevance of {feature} on {date}",
        "{feature} の LRP による上位・下位 10%（{date}）",
    ),
    "high_relevance": ("high relevance", "LRP 上位"),
    "low_relevance": ("low relevance", "LRP 下位"),
    "mean_value": ("Mean value (normalised)", "平均値（正規化後）"),
    "attribute": ("Attribute", "属性"),
    "trust_title": ("How far LRP may be trusted for this model", "このモデルの LRP はどこまで信頼できるか"),
    "order_title": (
        "Forecast as groups of inputs are taken away",
        "入力グループを順に取り除いたときの予測の変化",
    ),
    "trust_group": ("Inputs of one driver", "要因（入力グループ）"),
    "trust_inputs": ("Inputs", "本数"),
    "trust_share": ("Share of the model", "モデル内の比重"),
    "trust_lrp": ("LRP against the model", "LRP とモデル"),
    "trust_gradient": ("Gradient × input", "勾配×入力"),
    "trust_control": ("Shuffled models", "重みを乱したモデル"),
    "trust_seeds": ("Another seed", "別シード"),
    "trust_truth_share": ("Share of the truth", "真の寄与の比重"),
    "trust_lrp_truth": ("LRP against the truth", "LRP と真値"),
    "trust_model_truth": ("Model against the truth", "モデルと真値"),
    "trust_verdict": ("LRP", "判定"),
    "verdict_recovered": ("recovered", "再現"),
    "verdict_not_recovered": ("not recovered", "再現せず"),
    "verdict_control_too": ("shuffled models too", "対照も一致"),
    "verdict_small": ("too small to judge", "小さく判定外"),
    "order_lrp": ("by LRP", "LRP 順"),
    "order_gradient": ("by gradient × input", "勾配×入力の順"),
    "order_random": ("at random", "無作為"),
    "groups_removed": ("Groups taken away", "取り除いたグループ数"),
    "forecast_change": ("Change of the forecast", "予測の変化"),
    "red_plus": ("raises the forecast", "予測を上げる"),
    "blue_minus": ("lowers the forecast", "予測を下げる"),
    # one stock
    "stock_title": ("Why {code} was ranked where it was, {date}", "{code} の順位の根拠（{date}）"),
    "other_inputs": ("{n} other inputs", "その他の入力 {n} 本"),
    "kept_by_bias": ("kept by biases and ε", "バイアスと ε に残る分"),
    "waterfall_axis": ("Forecast minus the mean of the date", "予測値 − 同日平均"),
    "waterfall_note": (
        "From the average stock of the date (0) to this one. Red raises the forecast, blue lowers it; beside "
        "each input its normalised value. Relevance minus its mean over all stocks of the date.",
        "同日の平均的な銘柄（0）から当該銘柄の予測まで。赤は予測を上げ、青は下げる。入力名の右は正規化後の値。"
        "貢献度は同日の全銘柄平均を引いた値。",
    ),
    "inputs_title": ("The inputs that mattered most", "影響の大きい入力"),
    "all_inputs": ("All {n} inputs", "全入力 {n} 本"),
    "input": ("Input", "入力"),
    "raw_value": ("Value", "値"),
    "normalised": ("Normalised", "正規化後"),
    "below_share": ("Stocks below", "下回る銘柄の割合"),
    "sector_relevance": ("Mean of its sector", "同業種の平均貢献度"),
    "peers_sector": ("Peers: {sector}", "同業種：{sector}"),
    "peers_rank": ("Neighbours by rank", "順位の近い銘柄"),
    "rank": ("Rank", "順位"),
    "model_of": ("Model of {name}", "{name} のモデル"),
    "members": (", mean of {n} seeds", "（{n} シードの平均）"),
    # how it was made
    "folds_title": ("Walk-forward: training and forecasts", "ウォークフォワード：学習と予測の期間"),
    "training": ("training", "学習"),
    "forecasting": ("forecasts", "予測"),
    "stock_inputs": ("Inputs by stock", "銘柄ごとの入力"),
    "market_inputs": ("Market-wide inputs", "市場全体の入力"),
    "hyper_parameters": ("Hyper-parameters", "ハイパーパラメータ"),
    "feature_map": ("Map of features", "特徴量マップ"),
    "examples": ("Examples", "例"),
    "purpose": ("Purpose", "目的"),
    # configuration
    "setting": ("Setting", "設定"),
    "manifest": ("Manifest", "マニフェスト"),
    "timings": ("Time by stage", "段階別の所要時間"),
    "stage": ("Stage", "段階"),
    "seconds": ("Seconds", "秒"),
    "total": ("Total", "合計"),
    "features": ("Features", "特徴量一覧"),
    "formula": ("Formula", "式"),
    "meaning": ("Meaning", "意味"),
    "kind": ("Kind", "種類"),
    "lookback": ("Look-back", "参照期間"),
    "timing": ("Timing", "時点"),
    "norm": ("Normalised", "正規化"),
    "req": ("Requirement", "要件"),
    "term": ("Metric", "指標"),
    "monitoring": ("Monitoring", "モニタリング"),
    "rolling_title": ("Mean RankIC of the last {n} scored {periods}", "直近 {n} {periods}の平均 RankIC"),
    "periods_session": ("sessions", "営業日"),
    "periods_month": ("months", "か月"),
    "rolling_mean": ("rolling mean", "移動平均"),
    "limits": ("limits of chance", "偶然の範囲"),
    "low_limit": ("lower limit", "下限"),
    "high_limit": ("upper limit", "上限"),
    "drift_title": ("Inputs against training", "学習時と現在の入力の比較"),
    "stability": ("Stability index", "安定性指数（PSI）"),
    "known_before": ("Known in training", "学習時の非欠損率"),
    "known_now": ("Known now", "現在の非欠損率"),
    "definition": ("Definition", "定義"),
    # absences
    "missing": ("Not available in this run.", "この実行では計算されていません。"),
    "no_benchmark": (
        "No comparable benchmark: none was given.",
        "比較可能なベンチマークは与えられていません。",
    ),
    **words_evaluation.LABELS,
    "yes": ("yes", "はい"),
    "no": ("no", "いいえ"),
}


@dataclass(frozen=True)
class Labels:
    """The labels of one language; calling it looks one up and fills its fields. Horizons are in ``unit``s."""

    language: Language = "en"
    unit: Unit = "session"

    def __post_init__(self) -> None:
        if self.language not in ("en", "ja"):
            raise unknown("language", str(self.language), ("en", "ja"))

    def __call__(self, key: str, **fields: object) -> str:
        return _text(key, self.language == "ja").format(**fields)

    def horizon(self, h: int) -> str:
        """A time ahead: `5 sessions`, `1 month`."""
        return self(self.unit if h == 1 else f"{self.unit}s", h=h)

    def span(self, h: int) -> str:
        """The same before a noun: `5-session`."""
        return self(f"span_{self.unit}", h=h)

    def other(self, key: str) -> str:
        """The same label in the other language."""
        return _text(key, self.language != "ja")


def _text(key: str, japanese: bool) -> str:
    if key not in LABELS:
        raise unknown("label", key, LABELS)
    return LABELS[key][int(japanese)]
