"""The look of a report: one style sheet, scoped to `.hone-report`, so that its pieces can stand on another page."""

CSS = """
.hone-report {
  --paper: #ffffff; --ink: #1d2327; --soft: #5a646c; --line: #e1e5e8; --wash: #f5f7f8;
  --new: #2E6F95; --old: #8a939b; --better: #2F7D4F; --worse: #B3402E; --unsure: #A8741A;
  --tie: #d3d9dd; --bad: #b9a99f; --ins: #dcebf4; --del: #e9ecee;
  color: var(--ink); background: var(--paper);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
}
@media (prefers-color-scheme: dark) {
  .hone-report {
    --paper: #14181b; --ink: #e6eaed; --soft: #9aa5ad; --line: #2c3338; --wash: #1c2226;
    --new: #7db4d6; --old: #98a2aa; --better: #6cc08b; --worse: #e78b7b; --unsure: #e0b25c;
    --tie: #3b444a; --bad: #5d524b; --ins: #1f3d4f; --del: #333b41;
  }
}
.hone-report, .hone-report * { box-sizing: border-box; }
body.hone-report { margin: 0; }
.hone-report main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.5rem 5rem; }
.hone-report h1, .hone-report h2, .hone-report h3, .hone-report p { margin: 0; }
.hone-report .over { color: var(--soft); font-size: .875rem; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
.hone-report .over b { color: var(--ink); font-weight: 600; }
.hone-report .verdict { margin: 1.5rem 0 0; padding: 2rem 2.25rem 1.75rem; border-radius: 14px;
  background: var(--wash); border-left: 6px solid var(--tone); }
.hone-report .verdict.better { --tone: var(--better); }
.hone-report .verdict.worse { --tone: var(--worse); }
.hone-report .verdict.unsure { --tone: var(--unsure); }
.hone-report .verdict h1 { font-size: 2.75rem; line-height: 1.1; letter-spacing: -.02em; color: var(--tone);
  font-weight: 680; display: flex; align-items: center; gap: .9rem; }
.hone-report .verdict h1 svg { width: 2.4rem; height: 2.4rem; flex: none; }
.hone-report .verdict .sentence { font-size: 1.375rem; line-height: 1.4; margin-top: .85rem; max-width: 42rem;
  text-wrap: balance; }
.hone-report .verdict ul { margin: 1.1rem 0 0; padding: 0; list-style: none; max-width: 46rem; }
.hone-report .verdict li { color: var(--soft); padding: .15rem 0 .15rem 1.1rem; position: relative; }
.hone-report .verdict li::before { content: ""; position: absolute; left: 0; top: .82em; width: .5rem; height: 1px;
  background: var(--soft); }
.hone-report .next { margin-top: 1.25rem; padding-top: 1.1rem; border-top: 1px solid var(--line); max-width: 46rem; }
.hone-report .next b { font-weight: 600; }
.hone-report .warnings { margin: 1rem 0 0; padding: 0; list-style: none; font-size: .9375rem; }
.hone-report .warnings li { border: 1px solid var(--unsure); border-radius: 8px; padding: .5rem .9rem;
  margin-top: .5rem; }
.hone-report .strip { display: grid; grid-template-columns: repeat(4, 1fr); margin-top: 1.75rem;
  border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.hone-report .strip > div { padding: 1rem 1.25rem 1.05rem; border-left: 1px solid var(--line); }
.hone-report .strip > div:first-child { border-left: 0; padding-left: 0; }
.hone-report .strip .label, .hone-report .strip .under { color: var(--soft); font-size: .8125rem; line-height: 1.4; }
.hone-report .strip .figure { font-size: 1.625rem; line-height: 1.3; font-weight: 600; letter-spacing: -.01em; }
.hone-report .strip .figure.word { font-size: 1.125rem; line-height: 2.1rem; color: var(--soft); }
.hone-report section { margin-top: 3.25rem; }
.hone-report h2 { font-size: 1.375rem; line-height: 1.3; font-weight: 640; letter-spacing: -.01em; }
.hone-report h3 { font-size: 1rem; font-weight: 640; margin-top: 1.9rem; }
.hone-report .lead { color: var(--soft); max-width: 42rem; margin-top: .35rem; text-wrap: pretty; }
.hone-report .chart { margin-top: 1.25rem; overflow-x: auto; }
.hone-report .chart svg { display: block; width: 100%; height: auto; }
.hone-report svg text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums; fill: var(--ink); }
.hone-report svg .soft { fill: var(--soft); font-size: 12px; }
.hone-report svg .strong { font-weight: 600; }
.hone-report .scroll { overflow-x: auto; }
.hone-report table { border-collapse: collapse; width: 100%; margin-top: .9rem; font-size: .9375rem; }
.hone-report th { text-align: left; font-weight: 500; color: var(--soft); font-size: .8125rem; line-height: 1.35;
  padding: .3rem 1rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: bottom; }
.hone-report td { padding: .45rem 1rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.hone-report td > b, .hone-report .name { white-space: nowrap; }
.hone-report th.n, .hone-report td.n { text-align: right; white-space: nowrap; }
.hone-report th:last-child, .hone-report td:last-child { padding-right: 0; }
.hone-report small, .hone-report .quiet { color: var(--soft); font-size: .8125rem; }
.hone-report .undefined { color: var(--soft); font-style: italic; white-space: normal; }
.hone-report .tag { display: inline-block; font-size: .75rem; line-height: 1; padding: .28rem .5rem;
  border: 1px solid var(--line); border-radius: 99px; color: var(--soft); margin: 0 .3rem .3rem 0;
  white-space: nowrap; }
.hone-report .tag.good { color: var(--better); border-color: currentColor; }
.hone-report .tag.wrong { color: var(--worse); border-color: currentColor; }
.hone-report .tag.open { color: var(--unsure); border-color: currentColor; }
.hone-report .example { margin-top: 1.25rem; border: 1px solid var(--line); border-radius: 10px; overflow: hidden;
  break-inside: avoid; }
.hone-report .example .head { padding: .8rem 1.1rem; background: var(--wash); font-size: .875rem; color: var(--soft);
  display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; }
.hone-report .example .head b { color: var(--ink); font-weight: 600; }
.hone-report .example .ask { padding: .8rem 1.1rem; border-bottom: 1px solid var(--line); }
.hone-report .two { display: grid; grid-template-columns: 1fr 1fr; }
.hone-report .two > div { padding: .9rem 1.1rem 1rem; min-width: 0; }
.hone-report .two > div + div { border-left: 1px solid var(--line); }
.hone-report .text { white-space: pre-wrap; overflow-wrap: anywhere; }
.hone-report .who { font-size: .8125rem; font-weight: 600; margin-bottom: .3rem; }
.hone-report .who.new { color: var(--new); } .hone-report .who.old { color: var(--soft); }
.hone-report .reference { border-top: 1px solid var(--line); padding: .8rem 1.1rem; }
.hone-report ins { background: var(--ins); text-decoration: none; border-radius: 3px; padding: 0 .1em; }
.hone-report del { background: var(--del); text-decoration: none; border-radius: 3px; padding: 0 .1em; }
.hone-report details summary { cursor: pointer; color: var(--soft); font-size: .875rem; }
.hone-report dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.5rem; margin: 1rem 0 0;
  font-size: .9375rem; }
.hone-report dt { color: var(--soft); } .hone-report dd { margin: 0; min-width: 0; }
.hone-report code { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }
@media screen and (max-width: 720px) {
  .hone-report main { padding: 1.25rem 1rem 3rem; }
  .hone-report .verdict { padding: 1.4rem 1.25rem; }
  .hone-report .verdict h1 { font-size: 2rem; }
  .hone-report .verdict .sentence { font-size: 1.125rem; }
  .hone-report .strip { grid-template-columns: 1fr 1fr; }
  .hone-report .strip > div { padding-left: 0; border-left: 0; }
  .hone-report dl { grid-template-columns: 1fr; gap: 0; }
  .hone-report dd { margin-bottom: .6rem; }
  .hone-report .two { grid-template-columns: 1fr; }
  .hone-report .two > div + div { border-left: 0; border-top: 1px solid var(--line); }
  .hone-report .chart svg { min-width: 620px; }
}
@page { size: A4; margin: 16mm 15mm 18mm; }
@media print {
  .hone-report { --paper: #fff; --ink: #1d2327; --soft: #5a646c; --line: #d5dadd; --wash: #f5f7f8; --new: #2E6F95;
    --old: #8a939b; --better: #2F7D4F; --worse: #B3402E; --unsure: #A8741A; --tie: #d3d9dd; --bad: #b9a99f;
    --ins: #dcebf4; --del: #e9ecee; font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .hone-report main { max-width: none; padding: 0; }
  .hone-report section { margin-top: 2rem; }
  .hone-report table, .hone-report dl { font-size: 9pt; }
  .hone-report td, .hone-report th { padding-right: .6rem; }
  .hone-report td small, .hone-report th { font-size: 8pt; }
  .hone-report h2, .hone-report h3 { break-after: avoid; }
  .hone-report tr, .hone-report .chart, .hone-report .verdict { break-inside: avoid; }
  .hone-report details.context { display: none; }
}
"""
