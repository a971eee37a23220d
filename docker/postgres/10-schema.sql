-- The tables that the gateway's built-in queries and config/postgres/outbox.sql expect, and the accounts of docker/example-backend.
CREATE TABLE users (
    user_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name     text NOT NULL UNIQUE,
    password text NOT NULL -- scrypt:<salt>:<hash>, docker/example-backend/passwords.mjs
);

CREATE TABLE chats (
    chat_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name    text NOT NULL
);

CREATE TABLE chat_participants (
    chat_id uuid NOT NULL REFERENCES chats ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    PRIMARY KEY (chat_id, user_id)
);
-- A connecting user's chats.
CREATE INDEX ON chat_participants (user_id);

CREATE TABLE messages (
    message_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    chat_id     uuid NOT NULL REFERENCES chats ON DELETE CASCADE,
    author      uuid REFERENCES users ON DELETE SET NULL, -- NULL: a message of the system
    content     text NOT NULL,
    "timestamp" timestamptz NOT NULL DEFAULT now(),
    type        text NOT NULL DEFAULT 'text'
);
CREATE INDEX ON messages (chat_id, "timestamp");
