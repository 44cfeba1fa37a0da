// Pan and zoom by mouse, touch, wheel, keys and buttons. A vertical swipe stays with the page (touch-action).
// `view` is what they act on: span() gives {from, to} in ms, show(from, to) asks for another, reset() goes
// back to the chosen range, step(by) moves the read-out by points.

const STEP = 0.2;
const ZOOM = 1.5;
const FINGERS_APART = 10;

function zoom(view, factor, share = 0.5) {
  const { from, to } = view.span();
  const fixed = from + (to - from) * share;
  view.show(fixed - (fixed - from) / factor, fixed + (to - fixed) / factor);
}

function pan(view, share) {
  const { from, to } = view.span();
  view.show(from + (to - from) * share, to + (to - from) * share);
}

export const zoomIn = (view) => zoom(view, ZOOM);
export const zoomOut = (view) => zoom(view, 1 / ZOOM);

/** Drag, pinch, double click and wheel on the plot's surface. */
export function followPointer(surface, view) {
  const pointers = new Map();
  const shareOf = (clientX) => {
    const box = surface.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - box.left) / box.width));
  };

  surface.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    pointers.set(event.pointerId, event.clientX);
    surface.setPointerCapture(event.pointerId);
  });
  surface.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined || event.clientX === before) return;
    if (pointers.size === 1) {
      pan(view, (before - event.clientX) / surface.clientWidth);
    } else {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const [was, is] = [Math.abs(before - other), Math.abs(event.clientX - other)];
      if (was > FINGERS_APART && is > FINGERS_APART)
        zoom(view, is / was, shareOf((event.clientX + other) / 2));
    }
    pointers.set(event.pointerId, event.clientX);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    surface.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
  surface.addEventListener("dblclick", view.reset);
  surface.addEventListener(
    "wheel",
    (event) => {
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      // A plain wheel scrolls the page; a pinch on a trackpad arrives as a wheel with ctrlKey.
      if (!sideways && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      if (sideways) pan(view, event.deltaX / surface.clientWidth);
      else zoom(view, Math.exp(-event.deltaY / 200), shareOf(event.clientX));
    },
    { passive: false },
  );
}

/** The same by keyboard, while `element` itself has the focus. */
export function followKeys(element, view) {
  const actions = {
    ArrowLeft: (event) => (event.shiftKey ? pan(view, -STEP) : view.step(-1)),
    ArrowRight: (event) => (event.shiftKey ? pan(view, STEP) : view.step(1)),
    PageUp: () => pan(view, -1),
    PageDown: () => pan(view, 1),
    "+": () => zoomIn(view),
    "=": () => zoomIn(view),
    "-": () => zoomOut(view),
    Home: view.reset,
  };
  element.addEventListener("keydown", (event) => {
    const modified = event.altKey || event.ctrlKey || event.metaKey;
    if (event.target !== element || modified || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key](event);
  });
}
