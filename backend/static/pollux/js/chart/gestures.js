// Pan and zoom by mouse, touch, wheel and keys. Vertical swipes stay with the page (touch-action: pan-y).

const STEP = 0.2;
const ZOOM = 1.5;

/**
 * Lets `surface` move the visible span. `span()` gives {from, to} in ms, `show(from, to)` asks for another,
 * `reset()` goes back, `step(by)` moves the read-out by points.
 */
export function gestures(surface, keys, { span, show, reset, step }) {
  const pointers = new Map();

  const at = (clientX) => {
    const box = surface.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - box.left) / box.width));
  };
  const zoom = (factor, share = 0.5) => {
    const { from, to } = span();
    const fixed = from + (to - from) * share;
    show(fixed - (fixed - from) / factor, fixed + (to - fixed) / factor);
  };
  const pan = (share) => {
    const { from, to } = span();
    show(from + (to - from) * share, to + (to - from) * share);
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
      pan((before - event.clientX) / surface.clientWidth);
    } else {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const gap = Math.abs(before - other);
      if (gap > 10) zoom(Math.abs(event.clientX - other) / gap || 1, at((event.clientX + other) / 2));
    }
    pointers.set(event.pointerId, event.clientX);
  });
  for (const end of ["pointerup", "pointercancel"]) surface.addEventListener(end, (event) => pointers.delete(event.pointerId));
  surface.addEventListener("dblclick", reset);
  surface.addEventListener(
    "wheel",
    (event) => {
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      // A plain wheel scrolls the page; a pinch on a trackpad arrives as a wheel with ctrlKey.
      if (!sideways && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      if (sideways) pan(event.deltaX / surface.clientWidth);
      else zoom(Math.exp(-event.deltaY / 200), at(event.clientX));
    },
    { passive: false },
  );

  const actions = {
    ArrowLeft: (event) => (event.shiftKey ? pan(-STEP) : step(-1)),
    ArrowRight: (event) => (event.shiftKey ? pan(STEP) : step(1)),
    PageUp: () => pan(-1),
    PageDown: () => pan(1),
    "+": () => zoom(ZOOM),
    "=": () => zoom(ZOOM),
    "-": () => zoom(1 / ZOOM),
    Home: reset,
  };
  keys.addEventListener("keydown", (event) => {
    if (event.target !== keys || event.altKey || event.ctrlKey || event.metaKey || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key](event);
  });
  return { zoomIn: () => zoom(ZOOM), zoomOut: () => zoom(1 / ZOOM) };
}
