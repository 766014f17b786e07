"""A million pairs and three million reviews, put in by SQL: what the desk and the team page take then."""

from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Cursor, Store

PAIR = "'00000000-0000-7000-8000-' || lpad(n::text, 12, '0')"
TEXT = "'00000000-0000-7000-9000-' || lpad(n::text, 12, '0')"


def fill(store: Store, project: Project, author: Person, experts: list[Person], count: int) -> None:
    """`count` pairs with three reviews each: half of them open for a fourth, the others decided or disputed."""
    ids = [expert.id for expert in experts]

    def change(cursor: Cursor) -> None:
        cursor.execute(
            "create temp table crowd as select unnest(?) as id, unnest(?) as k", [ids, list(range(len(ids)))]
        )
        said_by = " || ' ' || ".join(f"(select id from crowd where k = (n + {k}) % {len(ids)})" for k in range(3))
        cursor.execute(
            "insert into pair (id, project_id, number, kind, group_key, source, metadata, content_sha256, import_id, "
            "created_at, first_revision, state, round, priority, place, why, wanted, done, said_by, reserved_for, "
            f"approved_revision, checks) select {PAIR}, ?, n + 1, 'pair', 'g' || (n // 3), 'bulk', '{{}}', "
            f"md5(n::text), null, timestamp '2026-01-01', {TEXT}, case when n % 10 < 4 then 'approved' "
            "when n % 10 = 4 then 'rejected' when n % 10 = 5 then 'disputed' else 'open' end, "
            f"1, 0, n + 1, 'new', 4, 3, ' ' || {said_by} || ' ', null, "
            f"case when n % 10 < 4 then {TEXT} end, '' from range(?) rows(n)",
            [project.id, count],
        )
        cursor.execute(
            "insert into revision (id, pair_id, parent_id, instruction, context, response, author_id, reason, "
            f"words_added, words_removed, created_at) select {TEXT}, {PAIR}, null, 'Answer letter ' || n, "
            "repeat('word ' || n || ' ', 20), repeat(n || ' ', 30), ?, 'import', 0, 0, timestamp '2026-01-01' "
            "from range(?) rows(n)",
            [author.id, count],
        )
        cursor.execute(
            "insert into review (id, pair_id, round, person_id, seen_revision, revision_id, decision, undoes, kind, "
            "ratings, answers, categories, edit_reason, suggestion_id, note, seconds, project_version, source, "
            "request_key, created_at) "
            f"select '0000000' || k || '-0000-7000-a000-' || lpad(n::text, 12, '0'), {PAIR}, 1, "
            f"(select id from crowd c where c.k = (n + r.k) % {len(ids)}), {TEXT}, {TEXT}, "
            "case when (n + k) % 7 = 0 then 'reject' else 'approve' end, null, 'review', "
            "'{\"accuracy\":' || (1 + (n + k) % 5) || '}', '{}', '[]', null, null, '', 5 + n % 40, 1, 'page', "
            "k || ' ' || n, timestamp '2026-01-01' + to_seconds(n // 4) from range(?) rows(n), range(3) r(k) "
            "order by n, k",
            [count],
        )
        cursor.execute("drop table crowd")

    store.write(change)
