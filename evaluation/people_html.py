"""The report's pieces about people: what they preferred, why, who they are, how far they agree."""

from hone.evaluation.charts import win_rate_svg
from hone.evaluation.figures import estimate_text, number, p_value, percent, plural
from hone.evaluation.markup import escaped, facts, sample_size, section, share_html, table, undefined
from hone.evaluation.report import Report
from hone.storage.records import Undefined


def preference_html(report: Report) -> str:
    """What people preferred, who they are, whether the side mattered, and how far they agree."""
    votes = report.preference
    if isinstance(votes, Undefined):
        lead = "Nobody has voted yet. Blind votes are what decides; the metrics below only warn."
        return section("What people preferred", lead)
    lead = (
        f"{plural(votes.n, 'blind vote')} by {plural(votes.raters, 'reviewer')} on {plural(votes.items, 'item')}. "
        "Ties and “both bad” count in the bar, not in the win rate. The even line stands at 50\u2009%."
    )
    chart = f'<div class="chart">{win_rate_svg(votes, report.new.name, report.old.name)}</div>'
    rate = votes.clustered
    method = "" if isinstance(rate, Undefined) or isinstance(rate.interval, Undefined) else rate.interval.method
    sums = facts(
        (
            ("Test", f"{p_value(votes.p_clustered)} against an even split"),
            ("Interval", escaped(method) or "none"),
            (
                "Net preference",
                f"{estimate_text(votes.net)}, {sample_size(votes.n)} <small>(wins − losses) / votes</small>",
            ),
            ("Left answer chosen", f"{share_html(votes.position.share_left)}; {escaped(votes.position.says)}"),
            ("New model shown left", f"in {votes.position.new_shown_left:,} of {plural(votes.n, 'vote')}"),
            ("Votes a decision takes", _needed(report)),
        )
    )
    return section(
        "What people preferred", lead, chart, sums, _reasons(report), _raters(report), agreement_html(report)
    )


def _needed(report: Report) -> str:
    votes = report.preference
    if isinstance(votes, Undefined):
        return undefined(votes)
    if isinstance(votes.needed, Undefined):
        return undefined(votes.needed)
    plan = votes.needed
    to_come = f"{plan.more:,} still to come" if plan.more else "all of them are in"
    return (
        f"{plan.total:,} decisive ones, {to_come} "
        f"<small>if the true preference is {percent(plan.preference)}; power 0.8</small>"
    )


def _reasons(report: Report) -> str:
    votes = report.preference
    if isinstance(votes, Undefined) or not votes.reasons:
        return ""
    rows = [
        (escaped(each.reason), f"{each.for_new:,}", f"{each.for_old:,}", f"{each.for_neither:,}")
        for each in votes.reasons
    ]
    heads = ("Reason given", "with a vote for the new", "for the old", "for neither")
    return "<h3>Reasons</h3>" + table(heads, rows, (1, 2, 3))


def _raters(report: Report) -> str:
    votes = report.preference
    if isinstance(votes, Undefined):
        return ""
    rows = [
        (
            escaped(each.rater),
            f"{each.n:,}",
            f"{each.wins:,} / {each.losses:,} / {each.ties:,} / {each.both_bad:,}".replace(" ", "\u00a0"),
            share_html(each.win_rate),
            share_html(each.chose_left),
            undefined(each.median_seconds)
            if isinstance(each.median_seconds, Undefined)
            else f"{each.median_seconds:.0f} s",
        )
        for each in votes.by_rater
    ]
    heads = ("Reviewer", "Votes", "new / old / tie / bad", "Win rate of the new", "Chose the left", "Median time")
    return "<h3>Reviewers</h3>" + table(heads, rows, (1, 5))


def agreement_html(report: Report) -> str:
    """How far reviewers agree on the items they share."""
    found = report.reviewers
    if isinstance(found, Undefined):
        return ""
    if not found.shared:
        return '<h3>Agreement</h3><p class="lead">Undefined: no item has votes of two reviewers.</p>'
    alpha = undefined(found.alpha) if isinstance(found.alpha, Undefined) else estimate_text(found.alpha)
    raw = undefined(found.raw) if isinstance(found.raw, Undefined) else share_html(found.raw)
    sums = facts(
        (
            (
                "Krippendorff’s alpha",
                f"{alpha} <small>1 is full agreement, 0 is chance; {sample_size(found.shared)}</small>",
            ),
            ("Agree outright", raw),
        )
    )
    rows = [
        (
            f"{escaped(pair.a)} and {escaped(pair.b)}",
            f"{pair.n:,}",
            percent(pair.raw),
            undefined(pair.kappa) if isinstance(pair.kappa, Undefined) else number(pair.kappa),
        )
        for pair in found.pairs
    ]
    pairs = table(("Pair of reviewers", "Shared items", "Agree outright", "Cohen’s kappa"), rows, (1, 2, 3))
    return f"<h3>Agreement on {plural(found.shared, 'shared item')}</h3>{sums}{pairs if rows else ''}"
