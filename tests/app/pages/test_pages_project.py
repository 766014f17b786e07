"""The page Project: a project is set up on one page, and changed by its tabs."""

import json
from functools import partial

import pytest
from browsing import Browser

from hone.labeling.projects import project_file
from hone.labeling.projects.templates.shelf import template
from hone.platform.frame import project_form
from hone.storage import gold, projects
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.store import Cursor, Store


def newest(store: Store, name: str) -> Project:
    with store.read() as cursor:
        return projects.named(cursor, name)


def write(seen: Browser, key: str, text: str, kind: str = "text_input") -> None:
    seen.widget(kind, key).input(text).run()


def fill(seen: Browser, key: str, text: str, kind: str = "text_input") -> None:
    """Write into a field of a form: nothing is drawn before the form is sent."""
    seen.widget(kind, key).input(text)


def save(seen: Browser, form: int) -> Browser:
    """Press the Save of one of the forms, in the order of the tabs."""
    [each for each in seen.page.button if each.label == "Save"][form].click().run()
    seen.whole()
    return seen


GUIDELINES, RUBRIC, FLAGS, RULES = range(4)


def test_a_project_is_there_with_a_name_alone(store: Store, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    write(seen, "set-name", "letters")
    seen.press("Make the project")
    assert "letters is there" in seen.text
    made = newest(store, "letters").settings
    assert (made.overlap, made.agree, made.aim) == (2, 2, 600)
    assert made.aim_reason.startswith("600 approved pairs give 120 test items")


def test_a_template_and_examples_make_guidelines_and_gold_pairs(store: Store, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    write(seen, "set-name", "leases")
    seen.widget("button_group", "set-template").set_value("legal").run()
    write(seen, "set-purpose", "Lease clauses in plain English.")
    write(seen, "set-good1-instruction", "When is rent due?", "text_area")
    write(seen, "set-good1-response", "On the 3rd of each month.", "text_area")
    write(seen, "set-avoid1-instruction", "When is rent due?", "text_area")
    write(seen, "set-avoid1-response", "Ask a lawyer.", "text_area")
    assert "1 good, 1 to avoid" in seen.text
    seen.press("Make the project")
    project = newest(store, "leases")
    assert project.settings.rubric == template("legal").settings.rubric
    assert (project.settings.sign_off, project.settings.gold_rate) == (True, 0.05)
    assert "# Good answers\n\nAsked: When is rent due?\nAnswered: On the 3rd" in project.settings.guidelines
    with store.read() as cursor:
        assert [each.decision for each in gold.of_project(cursor, project.id)] == ["approve", "reject"]


def test_what_was_entered_is_there_after_a_visit_to_another_page(store: Store, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    write(seen, "set-name", "letters")
    seen.widget("button_group", "set-template").set_value("medical").run()
    write(seen, "set-good1-response", "Call 112 at once.", "text_area")
    seen.go("home").go("project")
    assert seen.widget("text_input", "set-name").value == "letters"
    assert seen.widget("button_group", "set-template").value == "medical"
    assert seen.widget("text_area", "set-good1-response").value == "Call 112 at once."


def test_half_an_example_is_named_and_nothing_is_made(store: Store, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    write(seen, "set-name", "letters")
    write(seen, "set-avoid1-response", "Ask somebody.", "text_area")
    assert "Answer to avoid 1 has no instruction" in seen.text
    [make] = [each for each in seen.page.button if each.label == "Make the project"]
    assert make.disabled


def test_a_name_that_is_taken_is_told_and_the_form_stays(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project").press("New project")
    write(seen, "set-name", project.name)
    write(seen, "set-purpose", "Kind letters.")
    seen.press("Make the project")
    assert "There is already a project 'contracts'" in seen.text
    assert seen.widget("text_input", "set-purpose").value == "Kind letters."


def test_the_number_of_pairs_follows_from_what_is_to_be_found(store: Store, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    seen.widget("button_group", "set-size").set_value(0.6).run()
    assert seen.widget("number_input", "set-aim").value == 1330
    seen.widget("number_input", "set-aim").set_value(60).run()
    assert "too few to call any model better" in seen.text


def test_a_classification_asks_for_its_labels(store: Store, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    write(seen, "set-name", "tickets")
    seen.widget("button_group", "set-template").set_value("classification").run()
    write(seen, "set-labels", "billing", "text_area")
    assert "a classification needs at least two labels" in seen.text
    write(seen, "set-labels", "billing\nrepairs", "text_area")
    seen.press("Make the project")
    made = newest(store, "tickets").settings
    assert (made.task, made.labels, made.overlap, made.agree) == ("classification", ("billing", "repairs"), 3, 2)


def test_a_question_of_ones_own_and_a_scale_of_three_are_added(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    fill(seen, "name3", "Formality")
    fill(seen, "anchors3", "Too stiff.\nRight.\nToo casual.", "text_area")
    fill(seen, "asked0", "Sources checked")
    seen.widget("selectbox", "kind0").set_value("single")
    fill(seen, "options0", "all\nsome\nnone", "text_area")
    save(seen, RUBRIC)
    made = newest(store, project.name).settings
    assert (made.rubric[3].key, sorted(made.rubric[3].anchors)) == ("formality", [1, 2, 3])
    assert (made.questions[0].key, made.questions[0].options) == ("sources_checked", ("all", "some", "none"))


def test_a_reworded_score_keeps_its_key(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    fill(seen, "name1", "Manner")
    save(seen, RUBRIC)
    made = newest(store, project.name)
    assert (made.version, made.settings.rubric[1].key, made.settings.rubric[1].name) == (2, "tone", "Manner")


def test_a_scale_of_one_score_is_refused_by_name(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    fill(seen, "anchors0", "Good.", "text_area")
    save(seen, RUBRIC)
    assert "Accuracy has words for 1 scores; 2 to 7 are possible" in seen.text
    assert newest(store, project.name).version == 1


def test_a_flag_is_taken_away_and_groups_are_changed(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    fill(seen, "flag0", "")
    fill(seen, "groups", "age\ntenants", "text_area")
    fill(seen, "reasons", "plainer", "text_area")
    save(seen, FLAGS)
    made = newest(store, project.name).settings
    assert "stereotype" not in {each.key for each in made.taxonomy}
    assert made.protected_groups == ("age", "tenants")
    assert made.edit_reasons == ("plainer",)
    assert all(len(each.examples) == 2 for each in made.taxonomy)


def test_rules_hold_rates_order_aim_and_thresholds(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    for key, value in (("gold-", 10), ("again-", 5), ("aim-", 300), ("fast-", 6.0), ("least-rougeL", 0.3)):
        seen.widget("number_input", key).set_value(value)
    seen.widget("selectbox", "order").set_value("random")
    seen.widget("selectbox", "suggestions").set_value("off")
    seen.widget("checkbox", "sign-off").check()
    save(seen, RULES)
    made = newest(store, project.name).settings
    assert (made.gold_rate, made.repeat_rate, made.fast_seconds) == (0.1, 0.05, 6.0)
    assert (made.order, made.suggestions, made.sign_off, made.aim) == ("random", "off", True, 300)
    assert made.aim_reason.startswith("300 approved pairs give 60 test items")
    assert made.gate["thresholds"] == [{"metric": "rougeL", "at_least": 0.3}]


@pytest.mark.parametrize(
    ("kind", "key", "value", "says"),
    [
        ("number_input", "share-Train", 90, "add up to 100 %, not 120 %"),
        ("text_area", "template", "no place", "The template has no {instruction}"),
        ("text_area", "training", "epoch=3", "There is no setting 'epoch'; the nearest is 'epochs'"),
        ("number_input", "gold-", 50, None),
    ],
)
def test_a_rule_that_does_not_fit_is_told_and_what_was_entered_stays(
    store: Store, project: Project, lead: Person, kind: str, key: str, value: object, says: str | None
) -> None:
    seen = Browser(store, lead).go("project")
    seen.widget(kind, key).set_value(value)
    save(seen, RULES)
    assert says is None or says in seen.text
    assert newest(store, project.name).version == (2 if says is None else 1)
    assert says is None or seen.widget(kind, key).value == value


def test_a_metric_without_a_number_has_no_rule_and_the_rest_of_the_gate_stays() -> None:
    old = {"win_rate_margin": 0.05, "thresholds": [{"metric": "rouge1", "at_least": 0.2}]}
    made = project_form.gate(old, level=0.9, min_decisive=40, margins={"rougeL": 0.01, "token_f1": None}, least={})
    assert (made["level"], made["min_decisive"], made["win_rate_margin"]) == (0.9, 40, 0.05)
    assert made["guards"] == [{"metric": "rougeL", "margin": 0.01}]
    assert made["thresholds"] == [{"metric": "rouge1", "at_least": 0.2}]


def test_an_example_is_added_later(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    fill(seen, "more-instruction", "When is rent due?", "text_area")
    fill(seen, "more-response", "On the 3rd.", "text_area")
    seen.press("Add the example")
    made = newest(store, project.name)
    assert made.settings.examples[0].response == "On the 3rd."
    assert "# Good answers" in made.settings.guidelines
    with store.read() as cursor:
        assert len(gold.of_project(cursor, project.id)) == 1


def test_versions_say_who_changed_what_and_an_old_one_can_be_used_again(
    store: Store, project: Project, lead: Person
) -> None:
    seen = Browser(store, lead).go("project")
    seen.widget("number_input", "judges-").set_value(3)
    save(seen, RULES)
    assert "Version 2 · lena" in seen.text
    assert "Reviewers for each matchup: 3, before 1" in seen.text
    seen.press("Use again")
    assert newest(store, project.name).settings.judges == 1
    assert newest(store, project.name).version == 3


def changed(project: Project, settings: ProjectSettings, lead: Person, cursor: Cursor) -> Project:
    return projects.change(cursor, project, settings, lead)


def test_what_is_typed_stays_when_somebody_else_saves_meanwhile(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    settings = project.settings.model_copy(update={"judges": 3})
    store.write(partial(changed, project, settings, lead))
    fill(seen, "guidelines", "A text of ten minutes.", "text_area")
    save(seen, GUIDELINES)
    assert "The settings of contracts were changed in the meantime" in seen.text
    assert "Somebody else made version 2 meanwhile" in seen.text
    assert seen.widget("text_area", "guidelines").value == "A text of ten minutes."
    seen.press("Take their version")
    assert seen.widget("text_area", "guidelines").value == project.settings.guidelines
    fill(seen, "guidelines", "A text of ten minutes.", "text_area")
    save(seen, GUIDELINES)
    made = newest(store, project.name)
    assert (made.version, made.settings.judges, made.settings.guidelines) == (3, 3, "A text of ten minutes.")


def test_of_many_versions_the_newest_are_told_first(store: Store, project: Project, lead: Person) -> None:
    for number in range(12):
        settings = project.settings.model_copy(update={"purpose": f"Purpose {number}."})
        project = store.write(partial(changed, project, settings, lead))
    seen = Browser(store, lead).go("project")
    assert "Version 4 ·" in seen.text
    assert "Version 3 ·" not in seen.text
    seen.page.toggle[0].set_value(True).run()
    assert "Version 1 ·" in seen.text


def test_settings_are_copied_into_a_new_project(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project")
    fill(seen, "copy-", "letters")
    seen.press("Copy")
    assert "letters has the settings of contracts, without its pairs" in seen.text
    assert newest(store, "letters").settings == project.settings


def test_a_file_becomes_a_project_and_what_is_not_known_is_named(store: Store, project: Project, lead: Person) -> None:
    document = json.loads(project_file.write(project))
    document["settings"]["mood"] = "calm"
    seen = Browser(store, lead).go("project").press("New project")
    write(seen, "set-name", "letters")
    seen.widget("button_group", "set-from").set_value("file").run()
    seen.page.file_uploader[0].upload("contracts.json", json.dumps(document).encode()).run()
    assert "what this Hone does not know: mood" in seen.text
    seen.widget("checkbox", "set-anyway").check().run()
    assert "Left out of the file: mood" in seen.text
    seen.press("Make the project")
    assert newest(store, "letters").settings == project.settings


def test_another_project_can_be_the_start(store: Store, project: Project, lead: Person) -> None:
    seen = Browser(store, lead).go("project").press("New project")
    write(seen, "set-name", "letters")
    seen.widget("button_group", "set-from").set_value("project").run()
    seen.press("Make the project")
    assert newest(store, "letters").settings == project.settings


def test_names_of_people_are_text_wherever_they_stand(store: Store, lead: Person) -> None:
    mean = "<img src=x> **bold** [a](http://x) :red[x]"
    seen = Browser(store, lead).go("project")
    write(seen, "set-name", "letters")
    write(seen, "set-purpose", mean)
    write(seen, "set-good1-instruction", mean, "text_area")
    write(seen, "set-good1-response", mean, "text_area")
    seen.press("Make the project")
    assert "<img src=x>" not in seen.source
    assert "&lt;img src=x&gt;" in seen.source
