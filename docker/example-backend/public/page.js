// The page: Express for what is stored, the stock socket.io-client for what comes.
/* global io */
const $ = (id) => document.getElementById(id);

let me = null;
let socket = null;
let current = null;       // the id of the chat that is open
let chats = new Map();    // chat_id -> {chat_id, name, members, unread}

async function api(path, body, method = body === undefined ? "GET" : "POST") {
  const answer = await fetch(`/api${path}`, {
    method,
    ...(body !== undefined && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  });
  if (answer.status === 204) return null;
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(value.error ?? `the server answered ${answer.status}`), { status: answer.status });
  return value;
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// ---- chats and messages

function showChats() {
  $("chats").replaceChildren(...[...chats.values()].map((chat) => {
    const button = element("button", { type: "button", onclick: () => open(chat.chat_id) },
      chat.name, chat.unread > 0 ? ` (${chat.unread})` : "");
    button.setAttribute("aria-current", String(chat.chat_id === current));
    return element("li", {}, button);
  }));
}

function show(message) {
  const { members } = chats.get(message.chat_id);
  const author = members.find((one) => one.user_id === message.author)?.name;
  const line = element("li", { className: author ? "" : "system", title: new Date(message.timestamp).toLocaleString() });
  if (author) line.append(element("span", { className: "author", textContent: author }));
  line.append(element("span", { textContent: message.content }));
  line.dataset.id = message.message_id;
  $("messages").append(line);
  line.scrollIntoView({ block: "nearest" });
}

async function loadChats() {
  const list = await api("/chats");
  chats = new Map(list.map((chat) => [chat.chat_id, { ...chat, unread: chats.get(chat.chat_id)?.unread ?? 0 }]));
  showChats();
}

const shown = (id) => $("messages").querySelector(`[data-id="${id}"]`);

async function open(id) {
  const chat = chats.get(id);
  current = id;
  chat.unread = 0;
  $("chat-name").textContent = chat.name;
  $("chat-members").textContent = chat.members.map((one) => one.name).join(", ");
  $("messages").replaceChildren();
  showChats();
  const history = await api(`/chats/${id}/messages`);
  if (current !== id) return;
  // What has come by the socket meanwhile is newer, and may be in the history as well.
  const newer = [...$("messages").children];
  $("messages").replaceChildren();
  history.forEach(show);
  $("messages").append(...newer.filter((line) => !shown(line.dataset.id)));
}

async function receive(message) {
  if (!chats.has(message.chat_id)) await loadChats(); // a chat that somebody has opened with us
  if (message.chat_id !== current) {
    const chat = chats.get(message.chat_id);
    if (chat) chat.unread += 1;
    return showChats();
  }
  if (!shown(message.message_id)) show(message);
}

// ---- the connection

function connect() {
  socket = io({ path: "/ws" });
  const state = (name) => {
    $("state").textContent = name;
    $("state").dataset.state = name;
  };
  let before = false;
  socket.on("connect", () => {
    state("connected");
    // After an outage that could not be bridged the database has what was missed.
    if (before && !socket.recovered) report(async () => {
      await loadChats();
      if (current) await open(current);
    });
    before = true;
  });
  socket.on("serverMessage", (message) => report(() => receive(message)));
  socket.on("disconnect", (reason) => {
    state("disconnected");
    if (reason === "io server disconnect") chooseUser("You have been logged out."); // the client does not come back from this one
  });
  socket.on("connect_error", (error) => {
    state("disconnected");
    if (error.description === 401) chooseUser("Your session has ended.");
  });
}

// ---- who is here

function chooseUser(problem = "") {
  socket?.disconnect();
  socket = null;
  me = null;
  current = null;
  $("app").hidden = true;
  $("login").hidden = false;
  $("login-error").textContent = problem;
}

async function start() {
  me = await api("/me");
  $("me").textContent = me.name;
  $("login").hidden = true;
  $("app").hidden = false;
  chats = new Map();
  await loadChats();
  connect();
  const [first] = chats.keys();
  if (first) await open(first);
}

/** Runs it, and shows what goes wrong. */
async function report(work) {
  $("error").textContent = "";
  try {
    await work();
  } catch (error) {
    if (error.status === 401) chooseUser(error.message);
    else $("error").textContent = error.message;
  }
}

function onSubmit(form, work) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    report(() => work(Object.fromEntries(new FormData(form))));
  });
}

onSubmit($("login"), async (fields) => {
  await api("/login", fields);
  $("login").reset();
  await start();
});

onSubmit($("composer"), async ({ content }) => {
  await api(`/chats/${current}/messages`, { content });
  $("composer").reset(); // it is shown when it comes by the socket, as to everybody
});

onSubmit($("new-chat"), async ({ name, members }) => {
  const chat = await api("/chats", { name, members: members.split(",").map((one) => one.trim()).filter(Boolean) });
  $("new-chat").reset();
  await loadChats();
  socket.emit("clientJoinRoom", { chat_id: chat.chat_id }, () => report(() => open(chat.chat_id)));
});

$("logout").addEventListener("click", () => report(async () => {
  await api("/logout", {});
  chooseUser();
}));

api("/me").then(start, (error) => chooseUser(error.status === 401 ? "" : error.message));
