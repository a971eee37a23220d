-- Takes away what outbox.sql has installed: triggers, functions, table and what is still in it.
--   psql -v ON_ERROR_STOP=1 -f outbox-remove.sql DATABASE
begin;
drop schema if exists chat_gateway cascade;
commit;
