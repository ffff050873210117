// Asking the server.

export const viewer = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

let count = 0;

export function nextId() {
  count += 1;
  return `${viewer}-${count}`;
}

export class ServerError extends Error {
  constructor(message, status, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The server does not answer; is `behavior review` still running?", 0, {});
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new ServerError(body.error ?? `The server answered with status ${response.status}.`, response.status, body);
}

export async function getJson(path, options) {
  return (await ask(path, options)).json();
}

export async function getBytes(path, options) {
  return (await ask(path, options)).arrayBuffer();
}

export async function post(path, body) {
  return (await ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).json();
}

export function pathOf(recording, what = "") {
  return `/api/recordings/${encodeURIComponent(recording)}${what && `/${what}`}`;
}
