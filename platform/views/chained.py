"""The chain of models on the page: the newest first, the base at its foot."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from hone.platform.chain import Link
from hone.platform.chain_words import kept_words, lead_score, learnt_words, news_words, score_words
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import clipped, esc

SHOWN = 6  # iterations; the ones before are folded
TONES: dict[str, parts.Tone] = {"champion": "good", "challenger": "accent", "rejected": "bad"}


def draw(links: Sequence[Link]) -> None:
    """Draw the chain; nothing while there is no model."""
    if not links:
        return
    parts.section(
        "The chain of models",
        "Scored on the frozen test split of its own batch, judged blind against the one before it.",
    )
    base, later = links[0], list(reversed(links[1:]))
    with st.container(key="chain"):
        for link in later[:SHOWN]:
            _link(link)
        if earlier := later[SHOWN:]:
            first, last = earlier[-1].number, earlier[0].number
            with st.expander(f"Iterations {first} to {last}" if first != last else f"Iteration {first}"):
                for link in earlier:
                    _link(link)
        _link(base)


def _link(link: Link) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"link-{link.number}"):
        st.html(
            f'<div class="h-link {link.alias}"><span class="h-node h-num">{link.number}</span>'
            f"<div>{_who(link)}</div>{_score(link)}{_won(link)}</div>",
            width="stretch",
        )
        if link.run is not None:
            opened = partial(shell.opened, "training", link.run)
            st.button("Open", key=f"of-model-{link.number}", type="tertiary", on_click=opened)
        else:
            st.html('<span class="h-open"></span>', width="content")


def _who(link: Link) -> str:
    chip = parts.chip(link.alias, TONES[link.alias]) if link.alias else ""
    kept = kept_words(link)
    told = [
        (learnt_words(link) or "as it came", "h-small"),
        (clipped(news_words(link), 220), "h-news"),
        (f"kept {kept}" if kept else "", "h-small"),
        (f"{_decided(link)}: {clipped(link.reason, 160)}" if link.reason else "", "h-small"),
    ]
    lines = "".join(f'<div class="{css}">{esc(words[0].upper() + words[1:])}</div>' for words, css in told if words)
    return f'<div class="h-name"><b>{esc(clipped(link.name, 60))}</b>{chip}</div>{lines}'


def _decided(link: Link) -> str:
    return "Promoted" if link.decision == "promote" else "Rejected"


def _score(link: Link) -> str:
    """The leading score on an axis from 0 to 1 with its interval."""
    score = lead_score(link)
    if score is None:
        said = "not tested yet" if link.number else ""
        return f'<div class="h-score h-faint h-small">{said}</div>'
    at = 100 * score.value
    low, high = (at if end is None else 100 * end for end in (score.low, score.high))
    return (
        f'<div class="h-score"><div class="h-eyebrow">ROUGE-L</div>'
        f'<span class="h-range h-unit" role="img" aria-label="{esc(score_words(score))}">'
        f'<i style="left:{low:.1f}%;width:{high - low:.1f}%"></i><b style="left:{at:.1f}%"></b></span>'
        f'<div class="h-num">{esc(score_words(score))}</div>'
        f'<div class="h-faint h-small">{parts.count(score.n, "test item")} of batch {score.batch}</div></div>'
    )


def _won(link: Link) -> str:
    won = link.won
    if won is None:
        return f'<div class="h-won h-faint h-small">{esc(link.verdict)}</div>'
    rival = f"iteration {won.against}" if won.against else "the base"
    return (
        f'<div class="h-won"><div class="h-eyebrow">Won blind</div><b class="h-num">{won.share:.0%}</b>'
        f'<div class="h-faint h-small">of {parts.count(won.votes, "vote")} against {rival}</div></div>'
    )
