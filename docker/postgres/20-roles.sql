-- The gateway only asks who is in which chat; the back end owns nothing either.
\getenv backend_password BACKEND_DB_PASSWORD
\getenv gateway_password GATEWAY_DB_PASSWORD
CREATE ROLE backend LOGIN PASSWORD :'backend_password';
GRANT SELECT ON users TO backend;
GRANT SELECT, INSERT ON chats, chat_participants, messages TO backend;

CREATE ROLE chat_gateway LOGIN PASSWORD :'gateway_password';
GRANT SELECT ON chat_participants TO chat_gateway;
