"""The report's file: self-contained, without a script, every text as text, and the same each time."""

import re
from html.parser import HTMLParser

import pytest
from report_samples import inputs, item, model, vote, votes

from hone.evaluation.charts import forest_svg, nice_step, trend_svg, verdict_mark
from hone.evaluation.figures import number, p_value, percent, signed
from hone.evaluation.inputs import BatchFacts, Gate, ReportInputs, Threshold
from hone.evaluation.markdown import plain, render_markdown
from hone.evaluation.markup import clipped, word_diff
from hone.evaluation.render import render_html, verdict_html
from hone.evaluation.report import make_report
from hone.storage.records import Undefined

HOSTILE = """<script>alert(1)</script><img src=https://evil.example/x onerror="x()"> ![a](https://evil.example/i) \
</style></svg><a href='javascript:x'>"&'\x00\x1b\ud800"""
PAGE = {"html", "head", "meta", "title", "style", "body", "main", "section", "details", "summary"}
TEXT = {"div", "p", "span", "b", "small", "br", "h1", "h2", "h3", "ul", "li", "dl", "dt", "dd", "code", "ins", "del"}
TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
ALLOWED = PAGE | TEXT | TABLE | {"svg", "path", "circle", "line", "rect", "text"}
VOID = {"meta", "br"}


class Structure(HTMLParser):
    """Collects tags and attributes, and checks that every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def full(text: str = "plain words") -> ReportInputs:
    """Inputs in which every text that comes from outside is the given one."""
    changes = {"instruction": text, "context": text, "group": text, "metadata": {text: text}}
    items = [item(n, new=text + str(n), old=text).model_copy(update=changes) for n in range(20)]
    items += [item(n, metadata={text: "other"}) for n in range(20, 30)]
    given = [
        vote(n, "new" if n % 3 else "old", rater, reasons=(text,), note=text)
        for n in range(30)
        for rater in (text, "b")
    ]
    batch = BatchFacts(
        name=text, number=1, sha256=text, splits={text: 3}, left_out={text: 2}, approved=4, expert_alpha=0.5
    )
    return inputs(
        items,
        given,
        new=model(text, 2).model_copy(update={"run": text, "generation": {text: text}}),
        old=model(text + "2", 1),
        batch=batch,
        versions={text: text},
        set_aside={text: 1},
        gate=Gate(thresholds=(Threshold(metric="rougeL", at_least=0.2),)),
    )


def test_hostile_text_anywhere_stays_text() -> None:
    html = render_html(make_report(full(HOSTILE)))
    found = Structure(html)
    assert found.tags <= ALLOWED
    assert not {name for name in found.attributes if name.startswith("on")} | found.attributes & {"src", "href"}
    assert "<script>alert(1)</script>" in found.text
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", html)


def test_the_file_fetches_nothing_and_runs_nothing() -> None:
    html = render_html(make_report(full()))
    assert "http" not in html.replace("http-equiv", "")
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_the_verdict_stands_on_top() -> None:
    report = make_report(full())
    html = render_html(report)
    assert html.index("<h1>") < html.index("<h2>")
    assert f'class="verdict {"better" if report.verdict.value == "better" else "unsure"}"' in html


@pytest.mark.parametrize("given", [inputs([item(0)]), inputs(votes=votes(0, tie=5)), inputs(votes=votes(1)), full()])
def test_any_report_renders_well_formed_with_sample_sizes_and_named_gaps(given: ReportInputs) -> None:
    text = Structure(render_html(make_report(given))).text
    assert "nan" not in re.split(r"\W+", text.lower())
    assert "None" not in text
    assert f"{len(given.items):,} test item" in text


def test_the_same_report_gives_the_same_file() -> None:
    assert render_html(make_report(full())) == render_html(make_report(full()))


def test_light_dark_and_paper_are_styled() -> None:
    html = render_html(make_report(inputs()))
    assert "prefers-color-scheme: dark" in html
    assert "@page { size: A4" in html


def test_recorded_opinions_are_named_beside_the_verdict() -> None:
    assert "recorded example data" in verdict_html(make_report(inputs(votes=[vote(1, example=True)])))


def test_the_sign_of_an_open_verdict_is_no_equals_sign() -> None:
    assert len({verdict_mark(kind) for kind in ("better", "worse", "unsure")}) == 3


def test_charts_are_well_formed_on_their_own_and_say_what_they_show() -> None:
    report = make_report(full(HOSTILE))
    for chart in (forest_svg(report.metrics, report.guards), trend_svg(report.trend)):
        assert Structure(chart).tags <= ALLOWED
        assert 'role="img" aria-label="' in chart


def test_word_diff_marks_what_only_one_answer_has() -> None:
    old, new = word_diff("you may not leave", "you may leave <now>")
    assert old == "you may <del>not</del> leave"
    assert new == "you may leave <ins>&lt;now&gt;</ins>"


def test_word_diff_of_equal_empty_and_huge_texts() -> None:
    assert word_diff("same  words", "same  words") == ("same  words", "same  words")
    assert word_diff("", "a b") == ("", "<ins>a b</ins>")
    assert "996,000 more characters" in word_diff("a " * 500_000, "b")[0]


def test_long_text_is_cut_with_a_word_on_how_much_is_missing() -> None:
    assert clipped("x" * 4010).endswith("… 10 more characters</span>")


def test_markdown_holds_the_main_figures_and_escapes_names() -> None:
    text = render_markdown(make_report(full("![x](https://evil.example) <b> | row")))
    assert "| ROUGE-L | 30 |" in text
    assert not re.search(r"(?<!\\)!\[|(?<!\\)<b|\\\|(?=\s*\n)", text)
    assert plain("a*b\n# c") == r"a\*b \# c"


def test_figures_read_as_people_write_them() -> None:
    assert (percent(0.634), percent(0.001), percent(0.9999)) == ("63\u202f%", "under 1\u202f%", "over 99\u202f%")
    assert (signed(0.0123), signed(-0.5), signed(0.0001), number(-0.0001)) == ("+0.012", "−0.500", "0.000", "0.000")
    assert (p_value(0.00001), p_value(Undefined(undefined="no votes"))) == ("p < 0.001", "p undefined: no votes")


@pytest.mark.parametrize(("reach", "step"), [(0.01, 0.005), (0.3, 0.1), (0.55, 0.2), (1.0, 0.5)])
def test_axis_steps_are_round(reach: float, step: float) -> None:
    assert nice_step(reach) == pytest.approx(step)
