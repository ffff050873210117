// What the mouse does on the timeline: click to go, drag to select or to move an edge, drag the axis to pan, wheel to zoom.

import { AXIS } from "./timeline.js";

export function listenToPointer(timeline) {
  const { canvas } = timeline;
  canvas.addEventListener("pointerdown", (event) => {
    if (!timeline.model || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    const edge = event.offsetY > AXIS ? timeline.edgeAt(event.offsetX, event.offsetY) : null;
    timeline.drag = { x: event.offsetX, frame: timeline.toFrame(event.offsetX), edge, isPan: event.offsetY <= AXIS, first: timeline.first, moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!timeline.model) return;
    const { drag } = timeline;
    if (!drag) {
      canvas.style.cursor = event.offsetY <= AXIS ? "grab" : timeline.edgeAt(event.offsetX, event.offsetY) ? "ew-resize" : "crosshair";
      return;
    }
    drag.moved ||= Math.abs(event.offsetX - drag.x) > 3;
    if (!drag.moved) return;
    const frame = timeline.toFrame(event.offsetX);
    if (drag.isPan) {
      const span = timeline.last - timeline.first;
      timeline.move(drag.first - ((event.offsetX - drag.x) / timeline.width) * span, span);
    } else if (drag.edge) {
      timeline.actions.preview({ ...drag.edge, [drag.edge.side]: timeline.roundEdge(frame) });
    } else {
      const ends = [timeline.clampFrame(Math.min(drag.frame, frame)), timeline.clampFrame(Math.max(drag.frame, frame)) + 1];
      timeline.actions.select(ends, timeline.behaviorAt(event.offsetY));
    }
    timeline.isDirty = true;
  });
  canvas.addEventListener("pointerup", (event) => {
    const { drag } = timeline;
    timeline.drag = null;
    if (!drag || !timeline.model) return;
    if (!drag.moved) {
      timeline.actions.click(timeline.clampFrame(timeline.toFrame(event.offsetX)), event.offsetY > AXIS ? timeline.behaviorAt(event.offsetY) : undefined);
    } else if (drag.edge) {
      timeline.actions.moveEdge(drag.edge, timeline.roundEdge(timeline.toFrame(event.offsetX)));
    }
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!timeline.model) return;
      event.preventDefault();
      const span = timeline.last - timeline.first;
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) timeline.move(timeline.first + (sideways / timeline.width) * span, span);
      else timeline.zoom(Math.exp(event.deltaY * 0.0016), timeline.toFrame(event.offsetX));
    },
    { passive: false },
  );
}
