-- Training: searches as runs, the chain of models, and test items that a preference run learnt from.

create table run_next (
    id text primary key,
    project_id text not null,
    number integer not null,                   -- runs/0007 is number 7; counted over the whole workspace
    kind text not null check (kind in ('train', 'generate', 'suggest', 'search')),
    batch_id text,                             -- suggest: none
    model_id text,                             -- generate, suggest: the model that answers; train: that is trained on
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
insert into run_next select * from run;
drop table run;
alter table run_next rename to run;

alter table model add column parent_id text;   -- the model that it was trained on; null: the base

-- Items of a test split that a preference run learnt from: they can test neither its model nor one that follows it.
create table learnt_item (
    run_id text not null,
    pair_id text not null,
    primary key (run_id, pair_id)
);
