// allauth's own scripts handle passkeys; what goes wrong there is said on the page, not only in the console.

import { failure } from "./dom.js";

const WORDS = {
  NotAllowedError: "That was cancelled, or took too long. Try again.",
  InvalidStateError: "This passkey is already registered.",
  SecurityError: "This address cannot use passkeys. They need https, or http://localhost.",
};

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const { name } = event.detail.exception;
  const main = document.querySelector("main");
  main.querySelector(":scope > .banner.danger")?.remove();
  main.prepend(failure(new Error(WORDS[name] ?? "That did not work. Try again.")));
});
