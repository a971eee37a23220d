-- Three accounts, each with the password "demo", and who talks to whom.
INSERT INTO users (user_id, name, password) VALUES
    ('a0000000-0000-4000-8000-000000000001', 'ada',
     'scrypt:zxyQDSO45TuL5zQ1kKJ+Mg==:Oyz/mJ31XIYE53iuJoF6ct2asIbkBR/coTCzVuua73I='),
    ('a0000000-0000-4000-8000-000000000002', 'grace',
     'scrypt:36unsR/yt1VbIP7PCxraoA==:1B9RfPj9p8qk3M7Y1nR6MlTriSGp/0MLXjBM7G3hoE0='),
    ('a0000000-0000-4000-8000-000000000003', 'alan',
     'scrypt:mQDQxQufbXsGMisSN7FS9w==:QS8EJBU0KjFhm1hUvpfylXHdtC5tCVmleVZp7Xl7ppM=');

INSERT INTO chats (chat_id, name) VALUES
    ('c0000000-0000-4000-8000-000000000001', 'Everybody'),
    ('c0000000-0000-4000-8000-000000000002', 'Ada and Grace');

INSERT INTO chat_participants (chat_id, user_id)
    SELECT 'c0000000-0000-4000-8000-000000000001'::uuid, user_id FROM users
    UNION ALL
    SELECT 'c0000000-0000-4000-8000-000000000002', user_id FROM users WHERE name IN ('ada', 'grace');

INSERT INTO messages (chat_id, content, type) VALUES
    ('c0000000-0000-4000-8000-000000000001', 'Welcome. Open a second browser as another user, and talk.', 'system');
