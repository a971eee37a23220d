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

begin;
set local client_min_messages = warning;
create schema if not exists chat_gateway;

-- One row for each thing to tell. The gateway deletes what it has published.
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

-- The triggers' functions run with the rights of whoever installs this. What the expressions name is found where it is found now.
select format($f$
create or replace function chat_gateway.message_written() returns trigger
language plpgsql security definer set search_path = %s, pg_temp as $body$
declare m %s := new;
begin
    perform chat_gateway.outbox_write('message', (%s)::text, null, json_build_object(
        'chat_id', (%s)::text, 'message_id', (%s)::text, 'author', (%s)::text, 'content', (%s)::text,
        'timestamp', floor(extract(epoch from (%s)::timestamptz) * 1000)::bigint, 'type', (%s)::text)::text);
    return null;
end $body$
$f$, current_setting('search_path'), :'messages', :'message_chat', :'message_chat', :'message_id', :'author', :'content', :'sent_at', :'type')
\gexec
select format($f$
create or replace function chat_gateway.participants_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
begin
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

\if :{?role}
grant usage on schema chat_gateway to :role;
grant select, delete on chat_gateway.outbox to :role;
\endif
commit;
