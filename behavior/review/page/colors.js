// The palette of the figures (Okabe and Ito), told apart with any of the usual colour blindnesses; patterns tell more than seven apart.

export const COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#F0E442"];

export function colorOf(index) {
  return COLORS[index % COLORS.length];
}

export function themeColors() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  return { ground: read("ground"), panel: read("panel"), line: read("line"), ink: read("ink"), muted: read("muted"), accent: read("accent"), lane: read("lane"), hatch: read("hatch") };
}
