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
  for (const { field, message } of problem.errors ?? []) fields[field] = fields[field] ? `${fields[field]} ${message}` : message;
  return fields;
}

async function toError(response) {
  const problem = await response.json().catch(() => ({}));
  const message = problem.detail ?? PLAIN[response.status] ?? problem.title ?? "The server could not answer. Try again in a moment.";
  return new ApiError(message, { status: response.status, fields: fieldErrors(problem) });
}

function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

async function request(method, path, { body, headers = {}, signal } = {}) {
  const url = path.startsWith("/") || path.startsWith("http") ? path : ROOT + path;
  const isForm = body instanceof FormData;
  let response;
  try {
    response = await fetch(url, {
      method,
      signal,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(method !== "GET" && { "X-CSRFToken": csrfToken() }),
        ...(body && !isForm && { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body && !isForm ? JSON.stringify(body) : body,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(PLAIN[0]);
  }
  if (response.status === 401) {
    location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname)}`);
    throw new ApiError("Please log in again.", { status: 401 });
  }
  if (!response.ok) throw await toError(response);
  return response.status === 204 ? null : response.json();
}

/** The path with its query; empty values are left out. */
export function withQuery(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

export const get = (path, options) => request("GET", path, options);
export const post = (path, body, options) => request("POST", path, { ...options, body });
export const put = (path, body, options) => request("PUT", path, { ...options, body });
