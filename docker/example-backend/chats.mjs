// Users, chats and messages in PostgreSQL; the tables are those of docker/postgres.

const HISTORY = 50;

const MESSAGE = `m.message_id, m.chat_id, m.author, m.content, m."timestamp", m.type`;

/** A row of messages as the clients get it: a serverMessage. */
const asMessage = ({ chat_id, message_id, author, content, timestamp, type }) => ({
  chat_id, message_id, author, content, timestamp: timestamp.getTime(), type,
});

export class Chats {
  constructor(pool) {
    this.pool = pool;
  }

  /** `{user_id, name, password}`, or undefined. */
  async userByName(name) {
    const { rows } = await this.pool.query("SELECT user_id, name, password FROM users WHERE name = $1", [name]);
    return rows[0];
  }

  /** `{user_id, name}`, or undefined. */
  async userById(id) {
    const { rows } = await this.pool.query("SELECT user_id, name FROM users WHERE user_id = $1", [id]);
    return rows[0];
  }

  /** The chats of a user: `[{chat_id, name, members: [{user_id, name}]}]`. */
  async of(user) {
    const { rows } = await this.pool.query(
      `SELECT c.chat_id, c.name, json_agg(json_build_object('user_id', u.user_id, 'name', u.name) ORDER BY u.name) AS members
         FROM chats c JOIN chat_participants p USING (chat_id) JOIN users u USING (user_id)
        WHERE c.chat_id IN (SELECT chat_id FROM chat_participants WHERE user_id = $1)
        GROUP BY c.chat_id, c.name ORDER BY c.name`,
      [user],
    );
    return rows;
  }

  /** A new chat of its owner and of users by name, `{chat_id, name, members, member_ids}`; undefined if a name is nobody's. */
  async create(owner, name, names) {
    const { rows: users } = await this.pool.query(
      "SELECT user_id, name FROM users WHERE name = ANY($1) OR user_id = $2 ORDER BY name", [names, owner]);
    const known = new Set(users.map((user) => user.name));
    if (!names.every((one) => known.has(one))) return undefined;
    // One statement, so that there is no chat without its participants.
    const { rows } = await this.pool.query(
      `WITH chat AS (INSERT INTO chats (name) VALUES ($1) RETURNING chat_id, name),
            members AS (INSERT INTO chat_participants (chat_id, user_id) SELECT chat_id, unnest($2::uuid[]) FROM chat)
       SELECT chat_id, name FROM chat`,
      [name, users.map((user) => user.user_id)],
    );
    return { ...rows[0], members: users, member_ids: users.map((user) => user.user_id) };
  }

  /** The newest messages of a chat, oldest first; undefined if the user is not in it. */
  async messages(chat, user) {
    const { rows } = await this.pool.query(
      `SELECT ${MESSAGE} FROM chat_participants p LEFT JOIN LATERAL
              (SELECT * FROM messages WHERE chat_id = p.chat_id ORDER BY "timestamp" DESC LIMIT ${HISTORY}) m ON true
        WHERE p.chat_id = $1 AND p.user_id = $2 ORDER BY m."timestamp"`,
      [chat, user],
    );
    if (rows.length === 0) return undefined;
    return rows.filter((row) => row.message_id !== null).map(asMessage);
  }

  /** Stores a message; the serverMessage for it, or undefined if the user is not in the chat. */
  async addMessage(chat, user, content) {
    const { rows } = await this.pool.query(
      `INSERT INTO messages AS m (chat_id, author, content)
       SELECT chat_id, user_id, $3 FROM chat_participants WHERE chat_id = $1 AND user_id = $2
       RETURNING ${MESSAGE}`,
      [chat, user, content],
    );
    return rows[0] && asMessage(rows[0]);
  }
}
