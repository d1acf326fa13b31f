# ruff: noqa: E501  (one sentence a line, so that the two languages can be compared; Japanese characters count double)
"""The sentences of the report in both languages: definitions, caveats, notes under figures, boxes, verdicts.

Each entry is (English, Japanese). Formulas are plain text, so that they survive copying and printing.
"""

from __future__ import annotations

from jqfast.errors import unknown
from jqfast.report import words_evaluation
from jqfast.report.inputs import Language

Both = tuple[str, str]

#: metric -> ((name en, name ja), (definition en, definition ja)), in the order printed.
DEFINITIONS: dict[str, tuple[Both, Both]] = {
    "ic": (
        ("IC", "IC"),
        (
            "Pearson correlation of forecast and realised return across the stocks of one date; the mean over dates.",
            "同一日の全銘柄における予測値と実現リターンのピアソン相関。日次値の平均を表示。",
        ),
    ),
    "rank_ic": (
        ("RankIC", "RankIC"),
        (
            "The same with ranks on both sides (Spearman, ties share their mean rank). The primary metric is the "
            "RankIC of the {h} return.",
            "順位どうしの相関（スピアマン、同順位は平均順位）。主指標は{h}リターンの RankIC。",
        ),
    ),
    "icir": (
        ("ICIR, RankICIR", "ICIR・RankICIR"),
        (
            "Mean over dates divided by the standard deviation over dates; the annual figure is multiplied by "
            "√(periods per year ÷ horizon).",
            "日次値の平均 ÷ 標準偏差。年率は √(年間期間数 ÷ 予測期間) を乗じた値。",
        ),
    ),
    "t_nw": (
        ("t (Newey-West)", "t 値（Newey-West）"),
        (
            "Mean RankIC divided by its standard error with Bartlett weights, lag at least horizon − 1, because "
            "returns over several sessions overlap.",
            "RankIC の平均を、重複するリターンの自己相関を考慮した標準誤差（Bartlett 加重、ラグは予測期間−1以上）で割った値。",
        ),
    ),
    "win_rate": (
        ("Win rate", "勝率"),
        ("Share of dates with a positive RankIC.", "RankIC が正であった日の割合。"),
    ),
    "deciles": (
        ("Deciles", "十分位"),
        (
            "On each date stocks are sorted by forecast into ten groups of equal number; equal weights inside a group.",
            "各日の予測値で銘柄を10等分し、グループ内は等ウェイト。",
        ),
    ),
    "long_short": (
        ("Long-short", "ロングショート"),
        (
            "Return of the top decile minus return of the bottom decile. The short leg is shown as the return of "
            "holding its stocks, so that a good short leg falls.",
            "最上位分位のリターン−最下位分位のリターン。ショートは当該銘柄を保有した場合のリターンで表示（下落するほど有効）。",
        ),
    ),
    "annual": (
        ("Annual return and risk", "年率リターン・リスク"),
        (
            "Return: compounded over the whole period, to the power 1 ÷ years, minus 1. Risk: standard deviation of "
            "the period returns times √(periods per year). Return / risk has no risk-free rate.",
            "リターンは全期間の複利を年率換算。リスクは期間リターンの標準偏差 × √(年間期間数)。リターン/リスク比は無リスク金利を控除しない。",
        ),
    ),
    "sharpe": (
        ("Sharpe ratio", "シャープ比"),
        (
            "Mean ÷ standard deviation of the long-short returns per period, times √(periods per year). Net is after "
            "the costs listed under Costs.",
            "ロングショートの期間リターンの平均 ÷ 標準偏差 × √(年間期間数)。コスト後は「売買コスト」に示す費用を控除。",
        ),
    ),
    "max_drawdown": (
        ("Maximum drawdown", "最大ドローダウン"),
        (
            "Lowest value of V(t) ÷ max V(s ≤ t) − 1, V being the compounded value.",
            "複利累積値 V について V(t) ÷ それまでの最大値 − 1 の最小値。",
        ),
    ),
    "turnover": (
        ("Turnover", "回転率"),
        (
            "Value bought (or sold) per session as a share of the capital of one leg.",
            "1営業日に買った（売った）金額の、片側ポートフォリオ資金に対する割合。",
        ),
    ),
    "lrp": (
        ("Relevance (LRP)", "LRP 貢献度"),
        (
            "Layer-wise relevance propagation, epsilon rule: the forecast is handed back layer by layer to the inputs "
            "in proportion to their contributions. Positive raises the forecast. An input and its missing-value flag "
            "are summed.",
            "LRP（ε 規則）により予測値を出力層から入力へ寄与に比例して逆伝播した値。正は予測を上げ、負は下げる。入力と欠損フラグは合算。",
        ),
    ),
    "residual": (
        ("Conservation residual", "保存残差"),
        (
            "|forecast − sum of relevances| ÷ |forecast|: the share that biases and epsilon keep.",
            "|予測値 − 貢献度の合計| ÷ |予測値|。バイアスと ε に残る割合。",
        ),
    ),
    **words_evaluation.DEFINITIONS,
}

CAVEATS: tuple[Both, ...] = (
    (
        "This is research output, not investment advice. A good fit or a high R² is not a future profit; before any "
        "use add costs, slippage, capacity and checks for over-fitting.",
        "本レポートは調査結果であり投資助言ではありません。当てはまりや R² の高さは将来の利益を意味しません。利用前に売買コスト、"
        "スリッページ、運用可能額、過学習の検証を必ず加えてください。",
    ),
    (
        "Markets are not stationary: patterns of the past may weaken or turn, and the years shown here may not be "
        "like the years to come.",
        "市場は非定常です。過去のパターンは弱まることも逆転することもあり、ここに示す期間が将来に似ている保証はありません。",
    ),
    (
        "Costs are model assumptions. The short leg assumes that every stock could be borrowed unless the cost "
        "section says otherwise: read it as a paper portfolio.",
        "コストは仮定値です。別記がない限りショート側は全銘柄を借株できると仮定した紙上のポートフォリオです。",
    ),
    (
        "Intervals and t-values describe sampling error of one strategy. They do not pay for the search over models "
        "and settings; each further trial on the same data makes a good result less surprising.",
        "区間と t 値は1つの戦略の標本誤差のみを表し、モデルや設定を探索した影響は含みません。同じデータで試行を重ねるほど良い結果は偶然に近づきます。",
    ),
    (
        "Relevance explains the model, not the market. A relevance of zero does not mean that an input is "
        "irrelevant, and inputs that move together share it in a way that cannot be told apart.",
        "貢献度が説明するのはモデルであって市場ではありません。貢献度ゼロは入力が無関係であることを意味せず、連動する入力間の配分は識別できません。",
    ),
)

#: sentences by key; ``{...}`` fields are filled by keyword.
SENTENCES: dict[str, Both] = {
    "benchmark_universe": ("Universe, equal weight", "全銘柄の等ウェイト"),
    "folds_monthly": (
        "{count} folds from {first} to {last}, months between refits: {step}, each on {window}.",
        "{first} から {last} まで {count} 期、{step} か月ごとに{window}で学習し直す。",
    ),
    "folds_sessions": (
        "{count} folds from {first} to {last}, sessions between refits: {step}, each on {window}.",
        "{first} から {last} まで {count} 期、{step} 営業日ごとに{window}で学習し直す。",
    ),
    "folds_split": (
        "One fold: the first {share} of the sessions train, the rest is forecast.",
        "1期のみ：最初の {share} の営業日で学習し、残りを予測。",
    ),
    "window_rolling": ("a rolling window of {months} months", "直近 {months} か月"),
    "window_expanding": ("an expanding window", "開始以来の全期間"),
    "note_opened": (
        "On average {stocks} stocks are opened per decision on the long side.",
        "ロング側は1回の判断で平均 {stocks} 銘柄を新たに建てる。",
    ),
    "note_paper_short": (
        "Every stock is assumed to be borrowable: the short leg exists on paper.",
        "全銘柄を借株できると仮定しており、ショート側は机上のもの。",
    ),
    "note_unfilled": (
        "Up to {share} of the ordered value of a leg was not filled and stayed in cash.",
        "片側の注文金額のうち最大 {share} は約定せず現金で残った。",
    ),
    "survivors": (
        "Survivors only. The universe holds no delisted stock, so return levels and long-only results are not "
        "evidence. Differences between stocks of the same date are less affected, but not free of it.",
        "生存銘柄のみ。上場廃止銘柄を含まないため、リターンの水準とロングのみの結果は証拠になりません。同一日の銘柄間の差への影響は小さいものの、ゼロではありません。",
    ),
    "leak": (
        "Suspected leak, run the audit (jqfast.features.audit). Above what real daily data have given (RankIC {rank_ic}, R² {r2}, Sharpe ratio before costs {sharpe}): {what}.",
        "情報漏洩の疑い：監査（jqfast.features.audit）を実行してください。実データで得られる上限（RankIC {rank_ic}、R² {r2}、コスト前シャープ比 {sharpe}）を超過：{what}。",
    ),
    "simulated": (
        "Simulated market. The effects in these data were planted, or left out, on purpose: the results say whether "
        "the program works, and nothing about any real market.",
        "シミュレーション市場です。効果は意図的に埋め込まれた（または除かれた）もので、結果はプログラムの動作を示すだけで、実在の市場については何も語りません。",
    ),
    "simulated_strong": (
        "Above what real data have given: {what}. On this simulated market that is the strength of the planted effects; on real data it would be a suspected leak.",
        "実データで得られる上限を超過：{what}。これは埋め込まれた効果の強さによるもので、実データであれば情報漏洩を疑うべき値です。",
    ),
    "no_font": (
        "Figure labels are in English because no Japanese font was found. Install Noto Sans CJK or IPAexGothic, "
        "`pip install matplotlib-fontja`, or name a font file in the setting `font`.",
        "日本語フォントが見つからないため図のラベルは英語です。Noto Sans CJK または IPAexゴシックを導入するか、`pip install "
        "matplotlib-fontja`、または設定 `font` でフォントファイルを指定してください。",
    ),
    "bad_font": (
        "The font `{font}` was not found or has no Japanese characters; another one was used.",
        "指定フォント `{font}` が見つからないか日本語文字を含まないため、別のフォントを使いました。",
    ),
    "verdict_good": (
        "The forecasts rank stocks better than chance, and the long-short portfolio stays profitable after the "
        "assumed costs.",
        "予測は偶然を上回って銘柄を順位付けし、ロングショートは想定コスト控除後も利益を残しています。",
    ),
    "verdict_thin": (
        "The forecasts rank stocks better than chance, but after the assumed costs a profit is not established: the "
        "interval of the net Sharpe ratio includes zero.",
        "予測は偶然を上回って銘柄を順位付けしていますが、想定コスト控除後の利益は確認できません（コスト後シャープ比の区間がゼロを含みます）。",
    ),
    "verdict_costs": (
        "The forecasts rank stocks better than chance, but the assumed costs consume the profit.",
        "予測は偶然を上回って銘柄を順位付けしていますが、利益は想定コストで失われます。",
    ),
    "verdict_rank_only": (
        "The forecasts rank stocks better than chance. Whether a portfolio survives costs was not established here.",
        "予測は偶然を上回って銘柄を順位付けしています。コスト後にポートフォリオが成り立つかは確認していません。",
    ),
    "verdict_none": (
        "No evidence that the forecasts rank stocks better than chance: |t| of the {h} RankIC is below 2.",
        "予測が偶然を上回って銘柄を順位付けする証拠はありません（{h} RankIC の |t| が2未満）。",
    ),
    "verdict_wrong": (
        "The forecasts rank stocks in the wrong order, more than chance would.",
        "予測は偶然を超えて逆の順位付けをしています。",
    ),
    "verdict_unknown": (
        "The {h} RankIC could not be computed, so this run supports no judgement.",
        "{h} RankIC が計算できないため、この実行からは判断できません。",
    ),
    "verdict_boxes": (
        "Read the red boxes first: they limit what the figures below can prove.",
        "まず赤枠を読んでください。以下の数値が示しうる範囲を限定しています。",
    ),
    "numbering": (
        "Figures 6 to 10 carry the numbers of the study whose walk-forward and LRP analysis they follow.",
        "図表6～10の番号は、ウォークフォワード予測と LRP 分析の元となった論文に対応しています。",
    ),
    "note_ic": (
        "Forecasts and returns of out-of-sample dates only; the date mean of each correlation across stocks.",
        "標本外の日のみ。銘柄間相関の日次平均。",
    ),
    "note_small": (
        "Small: 95% intervals ({method}).",
        "小さい数値は95%区間（{method}）。",
    ),
    "note_decile_table": (
        "Mean return per holding period in basis points (bp, 0.01%). Small: half of the 95% interval, 1.96 Newey-West "
        "standard errors.",
        "保有期間あたりの平均リターン（bp = 0.01%）。小さい数値は95%区間の半幅（Newey-West 標準誤差の 1.96 倍）。",
    ),
    "note_oracle": (
        "RankIC beside what the truth of this simulated market scores on the same pairs. Oracle: the expectation of "
        "the return given all that is planted ({drivers}). Its visible part: given what these inputs can see "
        "({visible}). Ridge: told each driver, it learns the strengths in the same folds as the model.",
        "このシミュレーション市場の真の期待値を同じ銘柄・日で評価した RankIC との比較。オラクルは埋め込まれた全要因"
        "（{drivers}）を知る期待値、可視分は入力から見える要因（{visible}）のみによる期待値、リッジ回帰は各要因の値を"
        "与えられ、強さをモデルと同じ期で学習したもの。",
    ),
    "note_no_share": (
        "A share has no interval where the reference itself is not above 0 in 2.5% of the draws or more.",
        "基準の RankIC が標本の2.5%以上でゼロ以下となる場合、その比の区間は定まらないため示さない。",
    ),
    "note_ic_time": (
        "Bars: mean of the daily RankIC in each month. Lower panel: running sum over dates.",
        "棒：各月の日次 RankIC の平均。下段：日次値の累計。",
    ),
    "note_deciles": (
        "Equal-weighted mean over dates; whiskers: ±1.96 standard errors.",
        "等ウェイト平均の期間平均。ひげは ±1.96 標準誤差。",
    ),
    "note_cumulative": (
        "Simple returns compounded, all lines start at 1. Short: return of holding the stocks of the bottom decile, so "
        "that a good short leg falls; net, the costs of selling short raise it.",
        "単純リターンの複利累積、期初 = 1。ショートは最下位分位の銘柄を保有した場合のリターンで、下がるほど良い。コスト後は空売りのコストの分だけ高くなる。",
    ),
    "note_stocks": (
        "Cell text: input value after normalisation. Colour: relevance, red raises the forecast, white is 0, blue "
        "lowers it; the deepest colour is ±{scale}.",
        "セルの数値は正規化後の入力値。色は LRP 貢献度で、赤は予測を上げ、白は0、青は下げる。最も濃い色は ±{scale}。",
    ),
    "note_legs": (
        "Whiskers: 95% intervals of the mean over dates (Newey-West errors, quantile of Student's t). Welch's two-sample "
        "t-test of long against short, which takes the dates as independent: * 5%, ** 1%.",
        "ひげは期間平均の95%区間（Newey-West 標準誤差、t 分布の分位点）。ロングとショートの平均の差に対する Welch の t 検定"
        "（各日を独立とみなす）：* 5%有意、** 1%有意。",
    ),
    "note_demeaned": (
        "Relevance minus its mean over all stocks of the same date.",
        "貢献度は同一日の全銘柄平均を引いた値。",
    ),
    "note_legs_cut": (
        "The {shown} features with the largest difference, of {total}.",
        "差の大きい {shown} 本（全 {total} 本中）。",
    ),
    "note_scatter": (
        "One point is one stock on one date. The same value can have different relevance because the model is not "
        "linear.",
        "1点は1日の1銘柄。モデルが非線形なため、同じ入力値でも貢献度は異なりうる。",
    ),
    "note_reading": ("{feature}: {what}.", "{feature}：{what}。"),
    "note_market": (
        "Mean relevance of the long side minus that of the short side, means of the dates of each month; t of the "
        "mean over all dates (Newey-West). Positive: the input raised the forecasts of the long side more.",
        "ロング側の平均貢献度−ショート側の平均貢献度（各月の日次平均）。t 値は全期間の日次平均に対する Newey-West。"
        "正はロング側の予測をより押し上げたことを示す。",
    ),
    "note_deciles_lrp": (
        "Top and bottom tenth of the {n} stocks on each side by the relevance of {feature}; mean normalised values, "
        "whiskers: 95% intervals (Student's t); Welch's test between them: * 5%, ** 1%. Stocks of one date are not independent.",
        "{feature} の貢献度による上位・下位 10%（各 {n} 銘柄）の正規化後の平均値（ひげは t 分布による95%区間）と、その差の Welch 検定（* 5%、** 1%）。"
        "同一日の銘柄は互いに独立ではない。",
    ),
    "note_market_date": (
        "The explained date on which {feature} was lowest ({value} after normalisation).",
        "説明した日のうち {feature} が最も低かった日（正規化後 {value}）。",
    ),
    "note_leanings": (
        "The stocks whose forecasts it raised are, against those it lowered: {what}.",
        "予測を押し上げられた銘柄は、押し下げられた銘柄に比べ：{what}。",
    ),
    "no_market": (
        "This model has no market-wide inputs. `features.use` with `nikko126`, `market` or `macro` adds them where "
        "the data hold them.",
        "このモデルに市場全体の入力はありません。データにあれば `features.use` に `nikko126`・`market`・`macro` を加えられます。",
    ),
    "note_folds": (
        "One row a model: grey what it was trained on, blue what it forecast. The gap is the purge.",
        "1行が1つのモデル。灰色は学習期間、青は予測期間。その間はラベル重複を避けるための空白。",
    ),
    "trust_order_good": (
        "Taking groups of inputs away by their relevance moves the forecast more than chance: area {area} ± {error} "
        "(gradient × input {gradient}, random order {random}; with zeros for what is absent {zero}).",
        "貢献度の順に入力グループを取り除くと予測は偶然以上に動く：面積 {area} ± {error}（勾配×入力 {gradient}、無作為 {random}、"
        "ゼロ置換では {zero}）。",
    ),
    "trust_order_bad": (
        "Taking groups of inputs away by their relevance moves the forecast no more than chance: area {area} ± "
        "{error} (gradient × input {gradient}, random order {random}; with zeros {zero}). Do not read single "
        "relevances of this model.",
        "貢献度の順に入力グループを取り除いても予測の動きは偶然と変わらない：面積 {area} ± {error}（勾配×入力 {gradient}、"
        "無作為 {random}、ゼロ置換では {zero}）。このモデルの個別の貢献度は読まないこと。",
    ),
    "trust_recovered": (
        "LRP recovers what the model does with: {groups}.",
        "LRP がモデルの働きを再現した要因：{groups}。",
    ),
    "trust_failed": (
        "LRP does not recover what the model does with: {groups}. Relevance of these is not to be read.",
        "再現しなかった要因：{groups}。これらの貢献度は読まないこと。",
    ),
    "trust_misled": (
        "Shuffled models agree as well for: {groups}, so that the agreement proves nothing there.",
        "重みを乱したモデルでも一致した要因：{groups}（一致は根拠にならない）。",
    ),
    "trust_seeds": (
        "A model that differs in its seed alone is explained otherwise for: {groups}. There relevance tells what this "
        "model does, and not what the data hold.",
        "シードだけが異なるモデルでは説明が変わる要因：{groups}。これらの貢献度はこのモデルの働きを示すもので、データの性質を示すものではない。",
    ),
    "note_trust": (
        "Rank correlations over the stocks of each date, of {samples} forecasts on {dates} ({folds} models). Against "
        "the model: with its Shapley values of the groups, an absent group having another stock's values of the date. "
        "Shuffled models: the mean over models with weights in random places, which must be near 0. Recovered: at "
        "least 0.6 against the model, and when shuffled not above 0.1 by three standard errors; judged from a tenth of the "
        "model or of the truth on. Small: standard errors, over the stocks sampled and over the shuffles.",
        "各日の銘柄間の順位相関（{dates} の予測 {samples} 件、モデル {folds} 本）。対モデルはグループの Shapley 値との相関で、"
        "不在のグループには同日の別銘柄の値を入れる。重みを乱したモデルは複数回の平均で、ゼロ付近でなければならない。"
        "対モデル 0.6 以上かつ対照が標準誤差の3倍を超えて 0.1 を上回らないものを再現とし、比重が1割以上のものだけを判定する。"
        "小さい数値は標準誤差（標本の銘柄、および乱した回数について）。",
    ),
    "note_trust_member": (
        "The forecast is the mean of {members} models; measured here is the first.",
        "予測は {members} モデルの平均で、ここで測ったのは最初のモデル。",
    ),
    "note_trust_seed": (
        "Another seed: LRP of the last of these models against LRP of one trained with seed {seed}.",
        "別シード：最後のモデルの LRP とシード {seed} で学習したモデルの LRP との相関。",
    ),
    "note_trust_truth": (
        "The truth is that of the simulated market: what each driver adds to the expected return. LRP against the "
        "model asks whether LRP is right about the model, the model against the truth whether the model is right.",
        "真値はシミュレーション市場で各要因が期待リターンに与える寄与。対モデルは「LRP がモデルを正しく説明するか」、"
        "モデルと真値は「モデルが正しいか」を問う。",
    ),
    "note_sensitivity": (
        "Relevance of random sets of groups against what the forecast loses without them: {pairs}.",
        "無作為なグループ集合の貢献度の合計と、それを除いたときの予測の低下との相関：{pairs}。",
    ),
    "sensitivity_pair": ("{n} groups {x}", "{n} グループ {x}"),
    "note_order": (
        "Solid: the most positive groups first; dashed: the most negative first. An absent group has another "
        "stock's values of the same date. Bands: 95% intervals over the forecasts sampled.",
        "実線は貢献度が正に大きい順、破線は負に大きい順。取り除いたグループには同日の別銘柄の値を入れる。帯は標本の予測についての95%区間。",
    ),
    "monitor_within": (
        "The mean RankIC of the last {n} scored {periods} is {x}, within what chance allows ({low} to {high}).",
        "直近 {n} {periods}の平均 RankIC は {x} で、偶然の範囲内（{low} ～ {high}）。",
    ),
    "monitor_low": (
        "The mean RankIC of the last {n} scored {periods} is {x}, below what chance allows ({low} to {high}): look at "
        "the model before it is used.",
        "直近 {n} {periods}の平均 RankIC は {x} で、偶然の範囲（{low} ～ {high}）を下回る。利用前にモデルを点検すること。",
    ),
    "monitor_drift": (
        "{count} of {total} inputs differ from training: {names}.",
        "入力 {total} 本中 {count} 本が学習時と異なる：{names}。",
    ),
    "monitor_steady": (
        "None of the {total} inputs differs from training by more than its limit.",
        "入力 {total} 本のいずれも学習時との差は限度内。",
    ),
    "note_rolling": (
        "Band: {sigmas} standard deviations of such a mean around the mean of the whole walk-forward, overlap of the "
        "returns allowed for.",
        "帯は全期間の平均のまわりの標準偏差 {sigmas} 個分（リターンの重複を考慮）。",
    ),
    "note_drift": (
        "Inputs of the last {n} sessions against the training of the newest model ({model}). Stability index: sum of "
        "(q − p) ln(q ÷ p) over tenths of the training values; named above {limit}, or known {fall} less often.",
        "直近 {n} 営業日の入力と最新モデル（{model}）の学習時の入力の比較。安定性指数は学習値の十分位ごとの (q − p) ln(q ÷ p) の和で、"
        "{limit} 超または非欠損率の低下が {fall} 超のものを挙げる。",
    ),
    "note_intervals": (
        "Small: 95% intervals ({method}); those of the drawdown are of series drawn anew.",
        "小さい数値は95%区間（{method}）。ドローダウンの区間は再抽出した系列によるもの。",
    ),
    "note_coverage": (
        "Listed: member of the universe. Traded: had a price. With a forecast: scored by a fold that had ended "
        "training before.",
        "上場：ユニバースに属する銘柄。売買成立：価格あり。予測あり：学習終了後の期による予測。",
    ),
    "note_residual": (
        "The part of a forecast that LRP cannot hand to any input. Large shares on forecasts near zero are expected.",
        "どの入力にも配分されない予測の部分。予測値がゼロに近い場合は割合が大きくなる。",
    ),
    **words_evaluation.SENTENCES,
}

#: names in ``DataFacts.quality`` that the report knows; others are printed as they come.
QUALITY_NAMES: dict[str, Both] = {
    "rows": ("Rows", "行数"),
    "stocks": ("Stocks", "銘柄数"),
    "sessions": ("Sessions", "営業日数"),
    "dates": ("Dates", "日数"),
    "start": ("First date", "開始日"),
    "end": ("Last date", "終了日"),
    "first_date": ("First date", "開始日"),
    "last_date": ("Last date", "終了日"),
    "span": ("Period", "期間"),
    "no_trade_cells": ("Stock-days without a trade", "売買不成立の銘柄日数"),
    "no_trade_share": ("Share of stock-days without a trade", "売買不成立の割合"),
    "not_sessions": ("Dates that are no session", "営業日と見なさない日"),
    "not_session_dates": ("Dates that are no session", "営業日と見なさない日"),
    "bad_rows": ("Contradictory rows left out", "矛盾のため除いた行"),
    "bad_rows_dropped": ("Contradictory rows left out", "矛盾のため除いた行"),
    "turnover_approximated": ("Turnover approximated as price × volume", "終値×出来高で代用した売買代金"),
    "turnover_approximated_cells": (
        "Turnover approximated as price × volume",
        "終値×出来高で代用した売買代金",
    ),
    "missing_rows": ("Rows missing inside a listing", "上場期間中の欠損行"),
    "text_cells": ("Text in number columns, read as missing", "数値列の文字（欠損扱い）"),
    "dates_outside_calendar": ("Dates outside the calendar, left out", "カレンダー外のため除いた日"),
    "sessions_added": ("Sessions of the calendar without data", "データのない営業日"),
    "large_moves": ("Moves of more than 40% in a session", "1営業日に40%を超える変動"),
    "splits": ("Splits and consolidations", "株式分割・併合"),
    "survivors_only": ("Survivors only", "生存銘柄のみ"),
    "delisted": ("Delisted inside the period", "期間中の上場廃止"),
    "listed_later": ("Listed inside the period", "期間中の新規上場"),
    "price_basis": ("Price basis", "価格の調整基準"),
    "source": ("Source", "出所"),
}


#: numbers of the cost model that the report knows -> (name, unit)
COSTS: dict[str, tuple[Both, Both]] = {
    "commission_bps": (("Commission", "委託手数料"), ("bp a trade", "bp（売買ごと）")),
    "spread_ticks": (("Quoted spread, half of it paid", "気配スプレッド（半分を負担）"), ("ticks", "呼値")),
    "spread_floor_bps": (
        ("Half spread, at least", "ハーフスプレッドの下限"),
        ("bp a trade", "bp（売買ごと）"),
    ),
    "impact": (
        ("Impact coefficient", "マーケットインパクト係数"),
        ("× volatility × √participation", "× 日次ボラティリティ × √参加率"),
    ),
    "borrow_fee_bps_year": (("Borrow fee", "貸株料"), ("bp a year", "bp（年率）")),
    "capital": (("Capital of a leg", "片側の運用資金"), ("yen", "円")),
    "max_participation": (
        ("Participation, at most", "参加率の上限"),
        ("of daily turnover", "対 日次売買代金"),
    ),
    "min_turnover": (("Average daily turnover, at least", "平均日次売買代金の下限"), ("yen", "円")),
    "window": (
        ("Window of turnover and volatility", "売買代金・ボラティリティの推定期間"),
        ("sessions", "営業日"),
    ),
    "tick_table": (("Tick table", "呼値テーブル"), ("", "")),
}


def sentence(language: Language, key: str, **fields: object) -> str:
    """The sentence ``key`` in ``language`` with its fields filled."""
    if key not in SENTENCES:
        raise unknown("sentence", key, SENTENCES)
    return SENTENCES[key][int(language == "ja")].format(**fields)


def quality_name(language: Language, key: str) -> str:
    """The readable name of a data quality entry; unknown keys lose their underscores only."""
    both = QUALITY_NAMES.get(key)
    return both[int(language == "ja")] if both else key.replace("_", " ")


def cost_name(language: Language, key: str) -> tuple[str, str]:
    """The readable name and the unit of a cost; unknown keys lose their underscores and have no unit."""
    which = int(language == "ja")
    name, unit = COSTS.get(key, ((key.replace("_", " "),) * 2, ("", "")))
    return name[which], unit[which]
