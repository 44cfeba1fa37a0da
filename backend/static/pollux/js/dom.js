// Builds DOM nodes without markup strings, so that nothing from the server can become HTML.

const SVG = "http://www.w3.org/2000/svg";

function apply(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value !== "string" && !name.includes("-")) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return node;
}

/** An element: h("p", {class: "soft"}, "text", node, [nodes], null). `on*` attributes are listeners. */
export function h(tag, attributes = {}, ...children) {
  return apply(document.createElement(tag), attributes, children);
}

/** An SVG element; attributes are set as given. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** An icon of the sprite in templates/icons.svg; decoration only, so hidden from screen readers. */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#icon-${name}` }));
}

/** A labelled field with room for help and an error that screen readers announce. */
export function field(label, control, { help = null } = {}) {
  const error = h("p", { class: "error", role: "alert", hidden: true, id: `${control.id}-error` });
  const node = h(
    "div",
    { class: "field" },
    h("label", { for: control.id }, label),
    control,
    help && h("p", { class: "help" }, help),
    error,
  );
  control.setAttribute("aria-describedby", error.id);
  node.show = (message) => {
    error.textContent = message ?? "";
    error.hidden = !message;
    control.setAttribute("aria-invalid", String(Boolean(message)));
  };
  return node;
}

/** What a list shows when it has nothing: what is missing, and what would fill it. */
export function empty(name, title, text, ...actions) {
  return h("div", { class: "empty" }, icon(name), h("strong", {}, title), text && h("p", {}, text), actions);
}

/** A failure in plain words with a way to try again. */
export function failure(error, retry) {
  return h(
    "div",
    { class: "banner danger", role: "alert" },
    icon("alert"),
    h("div", {}, error.message),
    retry && h("button", { class: "button plain compact", type: "button", onclick: retry }, "Try again"),
  );
}

/** Runs `work` while the button is busy; a second press meanwhile does nothing. */
export async function whileBusy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** A button that asks once more before it acts; what is done elsewhere instead is a no, told as "given-up". */
export function sureButton(text, question, work, className = "button danger plain compact") {
  const button = h("button", { class: className, type: "button" }, text);
  const forget = () => {
    if (!("asked" in button.dataset) || button.getAttribute("aria-busy") === "true") return;
    delete button.dataset.asked;
    button.textContent = text;
    button.dispatchEvent(new CustomEvent("given-up", { bubbles: true }));
  };
  button.addEventListener("click", async () => {
    if ("asked" in button.dataset) {
      await whileBusy(button, work);
      return forget();
    }
    button.dataset.asked = "";
    button.textContent = question;
    button.focus();
  });
  button.addEventListener("blur", forget);
  return button;
}
