// The palette of the figures (Okabe and Ito), told apart with any of the usual colour blindnesses; patterns tell more than seven apart.

export const COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#F0E442"];

export function colorOf(index) {
  return COLORS[index % COLORS.length];
}

// Animals, of which there may be more: the same colours again lighter, then darker.
export function colorOfAnimal(index) {
  const color = COLORS[index % COLORS.length];
  const round = Math.floor(index / COLORS.length) % 3;
  if (!round) return color;
  const target = round === 1 ? 255 : 0;
  const parts = [1, 3, 5].map((place) => Math.round((parseInt(color.slice(place, place + 2), 16) + target) / 2));
  return `rgb(${parts.join(" ")})`;
}

const NAMES = ["ground", "panel", "line", "ink", "muted", "accent", "lane", "hatch"];
let known = null;

// The style sheet's colours; read again where `forgetTheme` was called.
export function themeColors() {
  if (!known) {
    const style = getComputedStyle(document.documentElement);
    known = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }
  return known;
}

export function forgetTheme() {
  known = null;
}
