-- The loop: people, projects, pairs, what was said about them, batches, runs, models, matchups, reports.
-- No foreign keys and few indexes: in DuckDB they freeze a table's shape and triple the file.
-- JSON is kept as text, times as UTC without a zone, ids as UUIDv7 text: the same on PostgreSQL.

create table person (
    id text primary key,
    name text not null unique,
    full_name text not null,
    roles text not null,                       -- JSON list of expert, reviewer, lead, admin
    email text,
    password_hash text,                        -- argon2id; null until the invitation is used
    active boolean not null,
    example boolean not null,                  -- made by `hone demo`
    created_at timestamp not null
);

create table sign_in (
    token_sha256 text primary key,
    person_id text not null,
    created_at timestamp not null,
    expires_at timestamp not null,
    ended_at timestamp
);

create table invitation (
    token_sha256 text primary key,
    person_id text not null,
    created_at timestamp not null,
    expires_at timestamp not null,
    used_at timestamp
);

create table project (
    id text primary key,
    name text not null unique,
    created_at timestamp not null,
    created_by text not null
);

create table project_version (
    project_id text not null,
    version integer not null,
    settings text not null,
    made_by text not null,
    made_at timestamp not null,
    primary key (project_id, version)
);

create table import_file (
    id text primary key,
    project_id text not null,
    file_name text not null,
    mapping text not null,
    rows_read integer not null,
    added integer not null,
    known integer not null,
    refused integer not null,
    made_by text not null,
    made_at timestamp not null
);

-- A pair's text is its first revision; what follows below the line is the queue's own state,
-- which can be rebuilt from the rows of review, adjudication, sent_back and finding.
create table pair (
    id text primary key,
    project_id text not null,
    number integer not null,
    kind text not null check (kind in ('pair', 'gold')),
    group_key text,
    source text not null,
    metadata text not null,
    content_sha256 text not null,
    import_id text,
    created_at timestamp not null,
    first_revision text not null,
    --
    state text not null check (state in ('open', 'disputed', 'agreed', 'approved', 'rejected')),
    round integer not null,
    priority integer not null,                 -- the higher first
    place double precision not null,           -- within a priority, the smaller first: the project's order
    why text not null,
    wanted integer not null,
    done integer not null,
    said_by text not null,                     -- ids of who has spoken in this round, a blank around each
    reserved_for text,                         -- whom it was sent back to: nobody else gets it
    approved_revision text,
    checks text,                               -- kinds of findings, a blank around each; null: not checked yet
    unique (project_id, content_sha256)
);

create table revision (
    id text primary key,
    pair_id text not null,
    parent_id text,
    instruction text not null,
    context text not null,
    response text not null,
    author_id text not null,
    reason text not null,
    words_added integer not null,
    words_removed integer not null,
    created_at timestamp not null
);

create table review (
    id text primary key,
    pair_id text not null,
    round integer not null,
    person_id text not null,
    seen_revision text not null,
    revision_id text not null,                 -- the text that the decision is about
    decision text not null check (decision in ('approve', 'reject', 'skip', 'undo')),
    undoes text,                               -- the review that an 'undo' takes back
    kind text not null check (kind in ('review', 'gold', 'repeat')),  -- the last two count for nothing but quality
    ratings text not null,
    answers text not null,                     -- to the project's own questions
    categories text not null,
    edit_reason text,
    suggestion_id text,                        -- the model's answer that was on the screen
    note text not null,
    seconds double precision,
    project_version integer not null,
    source text not null check (source in ('page', 'file', 'example')),
    request_key text not null unique,
    created_at timestamp not null
);
create index review_pair on review (pair_id);

create table flag (
    id text primary key,
    review_id text not null,
    pair_id text not null,
    person_id text not null,
    category text not null,
    severity integer not null check (severity between 1 and 3),
    field text not null check (field in ('instruction', 'context', 'response')),
    span_start integer not null,
    span_end integer not null,
    quote text not null,
    protected_group text,
    comment text not null,
    mitigation text not null,                  -- what would mend it
    created_at timestamp not null
);

create table flag_resolution (
    id text primary key,
    flag_id text not null,
    pair_id text not null,
    person_id text not null,
    outcome text not null check (outcome in ('mended', 'accepted', 'dismissed')),
    reason text not null,
    request_key text not null unique,
    created_at timestamp not null
);

-- An opinion that a lead gave back to its expert, with a comment: it counts no more.
create table sent_back (
    id text primary key,
    review_id text not null unique,
    pair_id text not null,
    expert_id text not null,
    person_id text not null,
    comment text not null,
    request_key text not null unique,
    created_at timestamp not null
);
create index sent_back_pair on sent_back (pair_id);

-- What is known to be right about a gold pair.
create table gold (
    pair_id text primary key,
    project_id text not null,
    decision text not null check (decision in ('approve', 'reject')),
    ratings text not null,
    reason text not null,
    made_by text not null,
    made_at timestamp not null
);

-- What a model says to an open pair: an answer where there is none, and how likely it finds the text.
create table suggestion (
    id text primary key,
    pair_id text not null,
    model_id text not null,
    response text,
    mean_logprob double precision,
    run_id text not null,
    created_at timestamp not null
);
create index suggestion_pair on suggestion (pair_id);

-- What the checks at import found: a machine's rows, made anew when a check changes.
create table finding (
    pair_id text not null,
    kind text not null,
    field text not null check (field in ('instruction', 'context', 'response')),
    span_start integer not null,
    span_end integer not null,
    says text not null,
    fix text                                   -- what would stand there; null: a person must see to it
);
create index finding_pair on finding (pair_id);

create table fingerprint (
    pair_id text not null,
    project_id text not null,
    band integer not null,
    bucket bigint not null
);

create table lease (
    token text primary key,
    kind text not null check (kind in ('pair', 'matchup')),
    subject_id text not null,
    person_id text not null,
    created_at timestamp not null,
    expires_at timestamp not null
);

-- What a desk says at every step, counted as it changes; it can be rebuilt. The project's own row has no person.
create table tally (
    project_id text not null,
    person_id text not null,
    free integer not null,                     -- of the project: pairs that want an opinion of anybody
    spoken integer not null,                   -- those of them that this person has spoken on
    reserved integer not null,                 -- pairs that want an opinion of this person alone
    done integer not null,                     -- opinions that stand
    turns integer not null,                    -- decisions that stand, skips too
    last text not null,                        -- ids of the last ten decisions, the newest first, a blank behind each
    primary key (project_id, person_id)
);

create table draft (
    person_id text not null,
    pair_id text not null,
    body text not null,
    saved_at timestamp not null,
    primary key (person_id, pair_id)
);

create table adjudication (
    id text primary key,
    pair_id text not null,
    round integer not null,
    person_id text not null,
    reviews text not null,                     -- JSON list of the review ids that were weighed
    decision text not null check (decision in ('approve', 'reject')),
    revision_id text not null,
    reason text not null,
    source text not null check (source in ('page', 'file', 'example')),
    request_key text not null unique,
    created_at timestamp not null
);

create table batch (
    id text primary key,
    project_id text not null,
    number integer not null,
    name text not null,
    sha256 text not null,
    seed integer not null,
    fractions text not null,
    counts text not null,
    left_out text not null,
    chosen text not null,                      -- the filter that it was frozen with
    frozen_by text not null,
    frozen_at timestamp not null,
    unique (project_id, number)
);

create table batch_item (
    batch_id text not null,
    position integer not null,
    pair_id text not null,
    pair_number integer not null,
    revision_id text not null,
    group_key text not null,
    split text not null check (split in ('train', 'validation', 'test')),
    instruction text not null,
    context text not null,
    response text not null,
    metadata text not null,
    approvers text not null,
    primary key (batch_id, position)
);

create table batch_exclusion (
    batch_id text not null,
    pair_id text not null,
    pair_number integer not null,
    reason text not null,
    detail text not null
);

create table run (
    id text primary key,
    project_id text not null,
    number integer not null,                   -- runs/0007 is number 7; counted over the whole workspace
    kind text not null check (kind in ('train', 'generate', 'suggest')),
    batch_id text,                             -- suggest: none
    model_id text,                             -- generate, suggest: the model that answers
    config text not null,
    status text not null check (status in ('waiting', 'running', 'done', 'failed', 'cancelled')),
    message text not null,
    created_by text not null,
    created_at timestamp not null,
    started_at timestamp,
    finished_at timestamp,
    result text,
    events_offset bigint not null,
    unique (number)
);

create table run_event (
    run_id text not null,
    seq integer not null,
    kind text not null,
    body text not null,
    at_time timestamp not null,
    primary key (run_id, seq)
);

create table model (
    id text primary key,
    project_id text not null,
    number integer not null,                   -- 0 is the base, then 1, 2, 3: the iterations
    name text not null,
    base text not null,
    base_sha256 text,
    folder text,                               -- null for the base itself
    sha256 text,
    run_id text,
    batch_id text,
    created_at timestamp not null,
    unique (project_id, number)
);

create table model_decision (
    id text primary key,
    project_id text not null,
    model_id text not null,
    report_id text,
    decision text not null check (decision in ('promote', 'reject')),
    reason text not null,
    person_id text not null,
    created_at timestamp not null
);

create table candidate (
    id text primary key,
    project_id text not null,
    model_id text not null,
    settings text not null,
    sha256 text not null,
    created_at timestamp not null,
    unique (project_id, sha256)
);

create table generation (
    id text primary key,
    candidate_id text not null,
    batch_id text not null,
    pair_id text not null,
    response text not null,
    finish text not null,
    tokens integer not null,
    seconds double precision not null,
    run_id text not null,
    unique (candidate_id, batch_id, pair_id)
);

create table matchup_set (
    id text primary key,
    project_id text not null,
    number integer not null,
    batch_id text not null,
    new_candidate text not null,
    old_candidate text not null,
    wanted integer not null,                   -- reviewers per matchup
    seed integer not null,
    identical integer not null,                -- items left out: both answers are the same text
    made_by text not null,
    made_at timestamp not null,
    unique (project_id, number)
);

create table matchup (
    id text primary key,
    set_id text not null,
    pair_id text not null,
    new_generation text not null,
    old_generation text not null
);

-- The side is drawn once per reviewer and matchup, and written down before it is shown.
create table showing (
    token text primary key,
    matchup_id text not null,
    set_id text not null,
    person_id text not null,
    left_side text not null check (left_side in ('new', 'old')),
    shown_at timestamp not null,
    unique (matchup_id, person_id)
);

create table judgement (
    id text primary key,
    token text not null,
    matchup_id text not null,
    set_id text not null,
    person_id text not null,
    left_side text not null,
    choice text not null check (choice in ('left', 'right', 'tie', 'both_bad', 'skip', 'undo')),
    undoes text,
    strength integer check (strength between 1 and 3),
    reasons text not null,
    note text not null,
    seconds double precision,
    source text not null check (source in ('page', 'file', 'example')),
    request_key text not null unique,
    created_at timestamp not null
);

create table report (
    id text primary key,
    project_id text not null,
    number integer not null,
    new_model text not null,
    old_model text not null,
    set_id text,
    verdict text not null,
    document text not null,
    sha256 text not null,
    made_by text not null,
    made_at timestamp not null,
    unique (project_id, number)
);

create table queued (
    id text primary key,
    project_id text not null,
    pair_id text not null,
    report_id text,
    why text not null,
    person_id text not null,
    created_at timestamp not null
);

create table audit (
    seq bigint primary key,
    happened_at timestamp not null,
    person_id text not null,
    act text not null,
    subject text not null,
    detail text not null,
    previous_sha256 text not null,
    sha256 text not null
);

-- "Current" is a view: what nobody took back, and no lead sent back.
create view current_review as
select r.* from review r
where r.kind = 'review' and r.decision in ('approve', 'reject', 'skip')
  and not exists (select 1 from review u where u.undoes = r.id)
  and not exists (select 1 from sent_back s where s.review_id = r.id);

-- Opinions on gold pairs, and second opinions of the same person on the same pair.
create view current_check as
select r.* from review r
where r.kind in ('gold', 'repeat') and r.decision in ('approve', 'reject', 'skip')
  and not exists (select 1 from review u where u.undoes = r.id);

create view current_judgement as
select j.* from judgement j
where j.choice <> 'undo'
  and not exists (select 1 from judgement u where u.undoes = j.id);
