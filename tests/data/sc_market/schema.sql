-- SC Market's tables as far as chats need them: its 0-schema.sql with the migrations applied.
create table accounts (
    user_id uuid primary key default gen_random_uuid(),
    username text not null,
    role varchar(20) not null default 'user',
    banned boolean not null default false,
    discord_id bigint,
    deleted_at timestamptz);
create table contractors (contractor_id uuid primary key default gen_random_uuid(), name text);
create table contractor_members (
    contractor_id uuid not null references contractors,
    user_id uuid not null references accounts,
    role varchar(30) not null default 'member',
    unique (contractor_id, user_id));
create table contractor_roles (
    contractor_id uuid not null references contractors,
    role_id uuid primary key default gen_random_uuid(),
    position integer not null default 0,
    name varchar(30) not null default 'role',
    manage_orders boolean not null default false);
create table contractor_member_roles (
    user_id uuid not null references accounts,
    role_id uuid not null references contractor_roles,
    unique (user_id, role_id));
create table orders (
    order_id uuid primary key default gen_random_uuid(),
    assigned_id uuid references accounts,
    customer_id uuid not null references accounts,
    contractor_id uuid references contractors,
    status varchar(20) not null default 'not-started');
create table offer_sessions (
    id uuid primary key default gen_random_uuid(),
    assigned_id uuid references accounts,
    customer_id uuid not null references accounts,
    contractor_id uuid references contractors,
    status varchar(20) not null default 'active');
create table chats (
    chat_id uuid primary key default gen_random_uuid(),
    icon uuid,
    name varchar(100),
    order_id uuid references orders on delete cascade,
    session_id uuid references offer_sessions);
create table chat_participants (
    chat_id uuid not null references chats on delete cascade,
    user_id uuid not null references accounts,
    unique (chat_id, user_id));
create index on chat_participants (user_id);
create table messages (
    message_id uuid primary key default gen_random_uuid(),
    content varchar(1000) not null,
    author uuid references accounts,
    chat_id uuid not null references chats on delete cascade,
    "timestamp" timestamp without time zone not null default now());
create table login_sessions (
    sid varchar primary key,
    sess json not null,
    expire timestamp(6) not null);
