// The public REST API from a browser page: session cookie, CSRF header, problem+json errors, cursor pages.

const ROOT = "/api/v1/";

/** What went wrong with a request, in words for the person. `fields` maps a field's path ("0.value") to its messages. */
export class ApiError extends Error {
  constructor(message, { status = 0, fields = {} } = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

const PLAIN = {
  0: "No connection. What you typed is still here; try again when you are online.",
  403: "You may not do this.",
  404: "This is not there, or not shared with you.",
  409: "This has changed meanwhile. Reload and look again.",
  413: "This file is too large.",
  429: "Too many requests. Wait a moment and try again.",
};

function fieldErrors(problem) {
  const fields = {};
  for (const { field, message } of problem.errors ?? [])
    fields[field] = fields[field] ? `${fields[field]} ${message}` : message;
  return fields;
}

async function toError(response) {
  const problem = await response.json().catch(() => ({}));
  const message =
    problem.detail ??
    PLAIN[response.status] ??
    problem.title ??
    "The server could not answer. Try again in a moment.";
  return new ApiError(message, { status: response.status, fields: fieldErrors(problem) });
}

function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

/** The body of an answer; raises ApiError for a refusal, and goes to the login when nobody is logged in. */
async function answer(response) {
  if (response.status === 401) {
    location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname)}`);
    throw new ApiError("Please log in again.", { status: 401 });
  }
  if (!response.ok) throw await toError(response);
  return response.status === 204 ? null : response.json();
}

async function request(method, path, { body, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  if (body) headers["Content-Type"] = "application/json";
  // A list's `next` is a whole address already.
  const url = path.startsWith("http") ? path : ROOT + path;
  try {
    return await answer(
      await fetch(url, {
        method,
        signal,
        headers,
        credentials: "same-origin",
        body: body && JSON.stringify(body),
      }),
    );
  } catch (error) {
    // fetch raises TypeError when nothing answers.
    if (error instanceof TypeError) throw new ApiError(PLAIN[0]);
    throw error;
  }
}

/** The path with its query; empty values are left out. */
export function withQuery(path, query) {
  const given = Object.entries(query).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

export const get = (path, options) => request("GET", path, options);
export const post = (path, body, options) => request("POST", path, { ...options, body });
export const put = (path, body, options) => request("PUT", path, { ...options, body });
export const remove = (path, options) => request("DELETE", path, options);

/**
 * POSTs a form and reports how much of it has gone out, which fetch cannot. Answers and errors as `post`.
 */
export function postForm(path, form, { headers = {}, signal, onProgress = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", ROOT + path);
    for (const [name, value] of Object.entries({
      Accept: "application/json",
      "X-CSRFToken": csrfToken(),
      ...headers,
    })) {
      sending.setRequestHeader(name, value);
    }
    sending.upload.addEventListener("progress", ({ loaded, total }) =>
      onProgress(total ? loaded / total : 0),
    );
    sending.addEventListener("load", () =>
      resolve(answer(new Response(sending.response, { status: sending.status }))),
    );
    sending.addEventListener("error", () => reject(new ApiError(PLAIN[0])));
    sending.addEventListener("abort", () => reject(new DOMException("The page was left.", "AbortError")));
    signal?.addEventListener("abort", () => sending.abort());
    sending.send(form);
  });
}
