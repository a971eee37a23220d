-- The outbox of chat-gateway: new messages and changes of membership, in the order of their commits.
-- docs/outbox.md says what it promises. To install it, or to change how it was installed:
--
--   psql -v ON_ERROR_STOP=1 -v role=chat_gateway -f outbox.sql DATABASE
--
-- as the owner of the tables. More -v NAME=VALUE where the tables are others:
--   role           the gateway's role, which is granted what it needs; without it nothing is granted
--   messages, chats, participants    tables; defaults: messages, chats, chat_participants
--   message_id, message_chat, author, content, sent_at, type
--                  expressions of SQL over a row `m` of messages; defaults: m.message_id, m.chat_id, m.author, m.content, m."timestamp",
--                  and the constant 'text'
--   chat           column of chats; participant_chat, participant_user: columns of participants; defaults: chat_id, chat_id, user_id
--   keep           how long published rows are kept for gateways that were away from the bus; default: 2 minutes
-- For SC Market, whose clients get the author's name:
--   -v author='(select a.username from public.accounts a where a.user_id = m.author)'
--
-- outbox-remove.sql takes it away again.

\set ON_ERROR_STOP on
\if :{?messages} \else \set messages messages
\endif
\if :{?chats} \else \set chats chats
\endif
\if :{?participants} \else \set participants chat_participants
\endif
\if :{?message_id} \else \set message_id m.message_id
\endif
\if :{?message_chat} \else \set message_chat m.chat_id
\endif
\if :{?author} \else \set author m.author
\endif
\if :{?content} \else \set content m.content
\endif
\if :{?sent_at} \else \set sent_at 'm."timestamp"'
\endif
\if :{?type} \else \set type '''text'''
\endif
\if :{?chat} \else \set chat chat_id
\endif
\if :{?participant_chat} \else \set participant_chat chat_id
\endif
\if :{?participant_user} \else \set participant_user user_id
\endif
\if :{?keep} \else \set keep '2 minutes'
\endif

begin;
set local client_min_messages = warning;
select format('%I.%I', n.nspname, c.relname) as messages_table
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = :'messages'::regclass
\gset
create schema if not exists chat_gateway;

-- One row for each thing to tell. The gateway deletes what it has published, which keeps it for a while in another table.
create table if not exists chat_gateway.outbox (
    id bigint generated always as identity (cache 1) primary key,
    kind text not null check (kind in ('message', 'join', 'leave', 'chat_deleted')),
    chat_id text not null,
    user_id text, -- of join and leave
    payload text  -- of message: the serverMessage as JSON
);
-- Ids never come twice, even if the table is made anew: the bus remembers the last one.
select setval(pg_get_serial_sequence('chat_gateway.outbox', 'id'),
              greatest((extract(epoch from clock_timestamp()) * 1000000)::bigint,
                       nextval(pg_get_serial_sequence('chat_gateway.outbox', 'id')))) is not null as "ids_are_set"
\gset

-- What has been published lately, under the ids that it was published in the order of: a gateway that was away from the bus meanwhile reads
-- here what it has missed. Rows come by deleting them from the outbox, whichever version of the gateway does it.
create table if not exists chat_gateway.published (
    id bigint primary key,
    kind text not null,
    chat_id text not null,
    user_id text,
    payload text,
    published_at timestamptz not null default clock_timestamp()
);
create table if not exists chat_gateway.published_state (
    one boolean primary key default true check (one),
    swept_to bigint not null, -- what is up to this id was published, and is not there; what was published above it is
    kept_rows bigint not null default 0,
    kept_bytes bigint not null default 0, -- of payloads
    next_sweep timestamptz not null default clock_timestamp(),
    keep_for interval not null,
    keep_rows bigint not null default 100000,
    keep_bytes bigint not null default 67108864
);

create or replace function chat_gateway.outbox_sweep() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    state chat_gateway.published_state;
    last bigint;
    n bigint;
    bytes bigint;
begin
    select * into state from chat_gateway.published_state;
    if state.kept_rows = 0 or (clock_timestamp() < state.next_sweep and state.kept_rows <= state.keep_rows * 1.1
                               and state.kept_bytes <= state.keep_bytes * 1.1) then
        return;
    end if;
    select * into state from chat_gateway.published_state for update;
    loop
        -- The oldest rows up to the last one that is too old or too many; a clock that was set back makes no holes.
        select max(id) into last from (
            select id, published_at, row_number() over by_id as place,
                   sum(octet_length(payload)) over by_id - octet_length(payload) as older_bytes
            from (select * from chat_gateway.published order by id limit 5000) oldest
            window by_id as (order by id rows unbounded preceding)) numbered
        where published_at < clock_timestamp() - state.keep_for or place <= state.kept_rows - state.keep_rows
           or older_bytes < state.kept_bytes - state.keep_bytes;
        exit when last is null;
        with swept as (delete from chat_gateway.published where id <= last returning payload)
        select count(*), coalesce(sum(octet_length(payload)), 0) into n, bytes from swept;
        state.swept_to := greatest(state.swept_to, last);
        state.kept_rows := state.kept_rows - n;
        state.kept_bytes := state.kept_bytes - bytes;
    end loop;
    update chat_gateway.published_state set swept_to = state.swept_to, kept_rows = state.kept_rows, kept_bytes = state.kept_bytes,
        next_sweep = clock_timestamp() + least(interval '10 seconds', state.keep_for / 4);
end $$;
create or replace function chat_gateway.outbox_retain() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    n bigint;
    bytes bigint;
begin
    with kept as (insert into chat_gateway.published (id, kind, chat_id, user_id, payload)
                  select id, kind, chat_id, user_id, payload from gone returning payload)
    select count(*), coalesce(sum(octet_length(payload)), 0) into n, bytes from kept;
    if n > 0 then
        update chat_gateway.published_state set kept_rows = kept_rows + n, kept_bytes = kept_bytes + bytes;
        perform chat_gateway.outbox_sweep();
    end if;
    return null;
end $$;
revoke all on function chat_gateway.outbox_sweep, chat_gateway.outbox_retain from public;

-- Whoever writes a row holds this lock until the end of its transaction: so rows become visible in the order of their ids. NOTIFY has
-- such a lock too. It is taken as late as can be, by constraint triggers at COMMIT.
create or replace function chat_gateway.outbox_write(kind text, chat_id text, user_id text, payload text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock(7161129040721093473);
    insert into chat_gateway.outbox (kind, chat_id, user_id, payload) values (kind, chat_id, user_id, payload);
    -- A wake-up and no more. Equal ones of a transaction become one.
    perform pg_notify('chat_gateway_outbox', '');
end $$;
revoke all on function chat_gateway.outbox_write from public;

-- The triggers' functions run with the rights of whoever installs this, so what they call must not depend on what others may create.
-- The expressions are the installer's: what they name is found where it is found now, and nothing but they is looked up there. One that
-- fails must not fail the writer's COMMIT: the gateway logs a row without payload.
create or replace function chat_gateway.message_told(
    chat_id text, message_id text, author text, content text, sent_at timestamptz, type text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat_gateway.outbox_write('message', chat_id, null, json_build_object(
        'chat_id', chat_id, 'message_id', message_id, 'author', author, 'content', content,
        'timestamp', case when isfinite(sent_at) then floor(extract(epoch from sent_at) * 1000)::bigint end, 'type', type)::text);
end $$;
revoke all on function chat_gateway.message_told from public;
select format($f$
create or replace function chat_gateway.message_written() returns trigger
language plpgsql security definer set search_path = %s, pg_temp as $body$
declare
    m %s := new;
    its_chat_id pg_catalog.text;
    its_message_id pg_catalog.text;
    its_author pg_catalog.text;
    its_content pg_catalog.text;
    its_sent_at pg_catalog.timestamptz;
    its_type pg_catalog.text;
begin
    begin
        its_chat_id := (%s)::pg_catalog.text;
        its_message_id := (%s)::pg_catalog.text;
        its_author := (%s)::pg_catalog.text;
        its_content := (%s)::pg_catalog.text;
        its_sent_at := (%s)::pg_catalog.timestamptz;
        its_type := (%s)::pg_catalog.text;
    exception when others then
        raise warning 'chat_gateway cannot tell of a message: %%', sqlerrm;
        perform chat_gateway.outbox_write('message'::pg_catalog.text, ''::pg_catalog.text, null::pg_catalog.text, null::pg_catalog.text);
        return null;
    end;
    perform chat_gateway.message_told(its_chat_id, its_message_id, its_author, its_content, its_sent_at, its_type);
    return null;
end $body$
$f$, current_setting('search_path'), :'messages_table', :'message_chat', :'message_id', :'author', :'content', :'sent_at', :'type')
\gexec
select format($f$
create or replace function chat_gateway.participants_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
begin
    if tg_op = 'UPDATE' and (old.%1$I, old.%2$I) is not distinct from (new.%1$I, new.%2$I) then
        return null;
    end if;
    if tg_op <> 'INSERT' then
        perform chat_gateway.outbox_write('leave', old.%1$I::text, old.%2$I::text, null);
    end if;
    if tg_op <> 'DELETE' then
        perform chat_gateway.outbox_write('join', new.%1$I::text, new.%2$I::text, null);
    end if;
    return null;
end $body$
$f$, :'participant_chat', :'participant_user')
\gexec
select format($f$
create or replace function chat_gateway.chat_deleted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
begin
    perform chat_gateway.outbox_write('chat_deleted', old.%I::text, null, null);
    return null;
end $body$
$f$, :'chat')
\gexec
revoke all on function chat_gateway.message_written, chat_gateway.participants_changed, chat_gateway.chat_deleted from public;

drop trigger if exists chat_gateway_message on :messages;
create constraint trigger chat_gateway_message after insert on :messages
    deferrable initially deferred for each row execute function chat_gateway.message_written();
drop trigger if exists chat_gateway_participants on :participants;
create constraint trigger chat_gateway_participants after insert or delete or update of :participant_chat, :participant_user on :participants
    deferrable initially deferred for each row execute function chat_gateway.participants_changed();
drop trigger if exists chat_gateway_chat on :chats;
create constraint trigger chat_gateway_chat after delete on :chats
    deferrable initially deferred for each row execute function chat_gateway.chat_deleted();

-- Last, as writers come to this table last. Whatever is below the first row that is still here was published and not kept.
drop trigger if exists chat_gateway_retain on chat_gateway.outbox;
create trigger chat_gateway_retain after delete on chat_gateway.outbox
    referencing old table as gone for each statement execute function chat_gateway.outbox_retain();
insert into chat_gateway.published_state (swept_to, keep_for)
    select coalesce((select min(id) - 1 from chat_gateway.outbox),
                    pg_sequence_last_value(pg_get_serial_sequence('chat_gateway.outbox', 'id')::regclass)), :'keep'::interval
    on conflict (one) do update set keep_for = excluded.keep_for;

\if :{?role}
grant usage on schema chat_gateway to :role;
grant select, delete on chat_gateway.outbox to :role;
grant select on chat_gateway.published, chat_gateway.published_state to :role;
grant execute on function chat_gateway.outbox_sweep to :role;
\endif
commit;
